/** One binary function on floats, on integers of up to 32 bits, and on 64-bit integers; stores wrap to the type. */
export interface Arithmetic {
  readonly float: (a: number, b: number) => number;
  readonly integer: (a: number, b: number) => number;
  readonly big: (a: bigint, b: bigint) => bigint;
  /** Set where a zero on the right has no integer result. */
  readonly divides?: true;
}

const bitwise = (integer: (a: number, b: number) => number, big: (a: bigint, b: bigint) => bigint): Arithmetic => ({
  float: integer,
  integer,
  big,
});

/** Remainder with the sign of the divisor, as Python's `%`. */
function floorMod(a: number, b: number): number {
  const r = a % b;
  return r !== 0 && r < 0 !== b < 0 ? r + b : r;
}

function largest(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}

function smallest(a: bigint, b: bigint): bigint {
  if (a < b) return a;
  return b;
}

/** The functions behind the element-wise operators, by operator (Mod with fmod=1 is Fmod). */
export const arithmetic = {
  Add: { float: (a, b) => a + b, integer: (a, b) => a + b, big: (a, b) => a + b },
  Sub: { float: (a, b) => a - b, integer: (a, b) => a - b, big: (a, b) => a - b },
  Mul: { float: (a, b) => a * b, integer: Math.imul, big: (a, b) => a * b },
  Div: { float: (a, b) => a / b, integer: (a, b) => Math.trunc(a / b), big: (a, b) => a / b, divides: true },
  Mod: {
    float: floorMod,
    integer: floorMod,
    big: (a, b) => {
      const r = a % b;
      return r !== 0n && r < 0n !== b < 0n ? r + b : r;
    },
    divides: true,
  },
  Fmod: { float: (a, b) => a % b, integer: (a, b) => a % b, big: (a, b) => a % b, divides: true },
  Max: {
    float: (a, b) => Math.max(a, b),
    integer: (a, b) => Math.max(a, b),
    big: largest,
  },
  Min: {
    float: (a, b) => Math.min(a, b),
    integer: (a, b) => Math.min(a, b),
    big: smallest,
  },
  And: bitwise(
    (a, b) => a & b,
    (a, b) => a & b,
  ),
  Or: bitwise(
    (a, b) => a | b,
    (a, b) => a | b,
  ),
  Xor: bitwise(
    (a, b) => a ^ b,
    (a, b) => a ^ b,
  ),
  BitwiseAnd: bitwise(
    (a, b) => a & b,
    (a, b) => a & b,
  ),
  BitwiseOr: bitwise(
    (a, b) => a | b,
    (a, b) => a | b,
  ),
  BitwiseXor: bitwise(
    (a, b) => a ^ b,
    (a, b) => a ^ b,
  ),
  ShiftLeft: bitwise(
    (a, b) => (b > 31 ? 0 : a << b),
    (a, b) => (b > 63n ? 0n : a << b),
  ),
  ShiftRight: bitwise(
    (a, b) => (b > 31 ? 0 : a >>> b),
    (a, b) => a >> b,
  ),
} satisfies Readonly<Record<string, Arithmetic>>;
