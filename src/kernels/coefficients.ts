// Constants of the float32 functions, compiled by both engines. Every literal is exactly a float32. Polynomials are
// minimax fits (Remez) of our own; an error beside one is that of the function, relative, before any rounding.

export const LOG2_E = 1.4426950216293335;
/** ln 2 in two parts: the first has 9 bits, so that n times it is exact for |n| < 2^15. */
export const LN2_HIGH = 0.693359375;
export const LN2_LOW = -0.00021219444170128554;

/** Beyond these e^x is infinite, or rounds to 0. */
export const EXP_MOST = 89;
export const EXP_LEAST = -104;
/** Beyond, e^-x is below the least normal number, and 1 + e^-x is 1: n = rint(-x log2 e) is -127. */
export const SIGMOID_MOST = 88;
/** Below, e^x - 1 rounds to -1. */
export const EXPM1_LEAST = -18;

/** e^r = 1 + r + r^2 (E0 + E1 r + ...) for |r| <= ln 2 / 2: 3.1e-9. */
export const EXP_0 = 0.4999999403953552;
export const EXP_1 = 0.1666652113199234;
export const EXP_2 = 0.04166838899254799;
export const EXP_3 = 0.00836874544620514;
export const EXP_4 = 0.0013814540579915047;

export const SQRT_HALF = 0.7071067690849304;
/** log(1 + f) = f - f^2 / 2 + f^3 (L0 + L1 f + ...) for 1 + f in [sqrt(1/2), sqrt(2)): 5.9e-9. */
export const LOG_0 = 0.3333333134651184;
export const LOG_1 = -0.2500081956386566;
export const LOG_2 = 0.20001226663589478;
export const LOG_3 = -0.16623356938362122;
export const LOG_4 = 0.14201757311820984;
export const LOG_5 = -0.13160182535648346;
export const LOG_6 = 0.1276157796382904;
export const LOG_7 = -0.07634499669075012;

/** tanh x = x + x u (T0 + T1 u + ...), u = x^2, below TANH_SPLIT: 4.4e-9. */
export const TANH_SPLIT = 0.625;
export const TANH_0 = -0.3333328068256378;
export const TANH_1 = 0.1333143562078476;
export const TANH_2 = -0.053739115595817566;
export const TANH_3 = 0.020637046545743942;
export const TANH_4 = -0.0057026115246117115;

/** erf x = x + x (S0 + S1 u + ...), u = x^2, below 1: 1.2e-9. */
export const ERF_SMALL_0 = 0.12837916612625122;
export const ERF_SMALL_1 = -0.3761262595653534;
export const ERF_SMALL_2 = 0.1128358393907547;
export const ERF_SMALL_3 = -0.026853766292333603;
export const ERF_SMALL_4 = 0.005188231822103262;
export const ERF_SMALL_5 = -0.000800926994998008;
export const ERF_SMALL_6 = 0.0000785053925937973;
/** log(1 - erf x) = Q0 + Q1 x + ... from 1 to ERF_MOST, where erf rounds to 1: 1.1e-9 of erf. */
export const ERF_MOST = 4;
export const ERF_LARGE_0 = -0.00033939137938432395;
export const ERF_LARGE_1 = -1.1270976066589355;
export const ERF_LARGE_2 = -0.6381314396858215;
export const ERF_LARGE_3 = -0.10311800241470337;
export const ERF_LARGE_4 = 0.021843258291482925;
export const ERF_LARGE_5 = -0.002948909532278776;
export const ERF_LARGE_6 = 0.00018650204583536834;

/** gelu with approximate = tanh: sqrt(2 / pi) and the factor of the cube. */
export const GELU_SCALE = 0.7978845834732056;
export const GELU_CUBE = 0.044714998453855515;
/** 1 / 6, the slope of hard swish. */
export const SIXTH = 0.1666666716337204;
