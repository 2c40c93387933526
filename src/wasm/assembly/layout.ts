// Byte offsets inside the blocks that the engine fills and the kernels read; compiled by both.
// Fields are 32-bit integers or pointers unless they say f32; strides are in bytes.

export const CONV_X = 0;
export const CONV_OUT = 4;
export const CONV_WEIGHTS = 8;
export const CONV_BIAS = 12;
export const CONV_IN_HEIGHT = 16;
export const CONV_IN_WIDTH = 20;
export const CONV_IN_CHANNELS = 24;
export const CONV_GRID_HEIGHT = 28;
export const CONV_GRID_WIDTH = 32;
export const CONV_STRIDE_Y = 36;
export const CONV_STRIDE_X = 40;
export const CONV_TAPS_Y = 44;
export const CONV_TAPS_X = 48;
/** Pointer to [TAPS_Y] then [TAPS_X] int32: where each tap lies relative to the stride position. */
export const CONV_OFFSETS = 52;
export const CONV_GROUP_IN = 56;
export const CONV_GROUP_OUT = 60;
/** Panels of 8 output channels per group. */
export const CONV_PANELS = 64;
/** Sums per output: TAPS_Y * TAPS_X * GROUP_IN. */
export const CONV_K = 68;
export const CONV_OUT_IMAGE = 72;
export const CONV_OUT_ROW = 76;
export const CONV_OUT_PIXEL = 80;
/** Output pixels worked on at a time. */
export const CONV_BLOCK = 84;
/** 1: the input already is the matrix (kernel 1x1, stride 1, no padding, one group). */
export const CONV_DIRECT = 88;
/** 1: all rows of the output follow each other, so that a block may span rows. */
export const CONV_CONTIGUOUS = 92;
/** 1: the taps of a row are neighbours in the input. */
export const CONV_DENSE_TAPS = 96;
/** f32. */
export const CONV_LO = 100;
/** f32. */
export const CONV_HI = 104;
/** 1: int8 input, 0: uint8. */
export const CONV_X_SIGNED = 108;
export const CONV_X_ZERO = 112;
/** One of the EPILOGUE values. */
export const CONV_EPILOGUE = 116;
/**
 * Pointer to f32 multipliers or int32 mantissas, one per padded output channel; of the common fixed point, to
 * COMMON_BYTES per 8 channels.
 */
export const CONV_MULTIPLIER = 120;
/** Pointer to int32 shifts of the fixed-point epilogue. */
export const CONV_SHIFT = 124;
export const CONV_Y_ZERO = 128;
export const CONV_Y_LO = 132;
export const CONV_Y_HI = 136;
export const CONV_PAD_TOP = 140;
export const CONV_PAD_LEFT = 144;
export const CONV_DILATION_Y = 148;
export const CONV_DILATION_X = 152;
/** 128 where the output is int8, whose codes are clamped and packed as unsigned bytes; else 0. */
export const CONV_Y_OFFSET = 156;
export const CONV_BYTES = 192;

/** Flavour fp32 where no scaled sum reaches 2^22. */
export const EPILOGUE_FP32 = 0;
export const EPILOGUE_FIXED_POINT = 1;
export const EPILOGUE_ACCUMULATORS = 2;
/** Fixed point where every shift lies between 32 and COMMON_MAX_SHIFT, in SIMD. */
export const EPILOGUE_FIXED_POINT_COMMON = 3;
/** Flavour fp32 for any sums. */
export const EPILOGUE_FP32_WIDE = 4;

/** Per 8 channels: int32 mantissas, int64 rounding constants 2^(n-1), int32 limits and int32 factors. */
export const COMMON_MANTISSA = 0;
export const COMMON_ROUNDING = 32;
export const COMMON_LIMIT = 96;
export const COMMON_FACTOR = 128;
export const COMMON_BYTES = 160;
/** Upper words are multiplied up to this many fraction bits, which are then shifted out alike. */
export const COMMON_FRACTION = 20;
export const COMMON_MAX_SHIFT = 52;

export const POOL_X = 0;
export const POOL_OUT = 4;
export const POOL_IN_HEIGHT = 8;
export const POOL_IN_WIDTH = 12;
export const POOL_OUT_HEIGHT = 16;
export const POOL_OUT_WIDTH = 20;
export const POOL_CHANNELS = 24;
export const POOL_KERNEL_Y = 28;
export const POOL_KERNEL_X = 32;
export const POOL_STRIDE_Y = 36;
export const POOL_STRIDE_X = 40;
export const POOL_DILATION_Y = 44;
export const POOL_DILATION_X = 48;
export const POOL_PAD_TOP = 52;
export const POOL_PAD_LEFT = 56;
export const POOL_COUNT_PADDING = 60;
export const POOL_X_SIGNED = 64;
export const POOL_X_ZERO = 68;
export const POOL_Y_ZERO = 72;
export const POOL_Y_LO = 76;
export const POOL_Y_HI = 80;
/** f32. */
export const POOL_X_SCALE = 84;
/** f32. */
export const POOL_Y_SCALE = 88;
export const POOL_BYTES = 128;

/** In front of the scratch of winogradF32: eight zeros, then the range from -Infinity to Infinity. */
export const WINOGRAD_HEADER = 64;

/** One level of a strided copy: iterations, and steps in bytes on both sides. */
export const LEVEL_SIZE = 0;
export const LEVEL_SOURCE = 4;
export const LEVEL_TARGET = 8;
export const LEVEL_BYTES = 12;

/** Bytes past the end of a scratch block that runs may overwrite. */
export const SLACK = 64;

/** A link of a chain of functions: its number, then its parameters. */
export const LINK_ALPHA = 4;
export const LINK_BETA = 8;
export const LINK_BYTES = 12;
