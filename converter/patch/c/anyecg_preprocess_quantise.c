#include "anyecg_preprocess.h"

#define ROOM_BITS 29
#define SQUARE_SHIFT 6 /* so that 32768 squares fit 64 bits */
#define STEPS_MOST 255U /* between the ends of int8 */

static uint64_t divide(uint64_t dividend, uint32_t divisor) {
  uint64_t quotient = 0;
  uint64_t rest = 0;
  for (uint32_t bit = 0; bit < 64U; ++bit) {
    rest = (rest << 1) | (dividend >> 63);
    dividend <<= 1;
    quotient <<= 1;
    if (rest >= divisor) {
      rest -= divisor;
      quotient |= 1U;
    }
  }
  return quotient;
}

static uint32_t root(uint64_t square) {
  uint64_t sum = 0;
  for (uint64_t bit = UINT64_C(1) << 62; bit != 0U; bit >>= 2) {
    if (square >= sum + bit) {
      square -= sum + bit;
      sum = (sum >> 1) + bit;
    } else {
      sum >>= 1;
    }
  }
  return (uint32_t)sum;
}

static anyecg_number_t number(uint64_t value, int32_t exponent) {
  anyecg_number_t n = {0, 0};
  if (value != 0U) {
    for (; (value >> 63) == 0U; value <<= 1) {
      --exponent;
    }
    n.mantissa = (uint32_t)(value >> 32);
    n.exponent = exponent + 32;
  }
  return n;
}

anyecg_number_t anyecg_larger(anyecg_number_t a, anyecg_number_t b) {
  if (a.mantissa == 0U || b.mantissa == 0U) {
    return a.mantissa == 0U ? b : a;
  }
  if (a.exponent != b.exponent) {
    return a.exponent > b.exponent ? a : b;
  }
  return a.mantissa > b.mantissa ? a : b;
}

anyecg_number_t anyecg_sum(anyecg_number_t a, anyecg_number_t b) {
  const anyecg_number_t large = anyecg_larger(a, b);
  const anyecg_number_t small = large.mantissa == a.mantissa && large.exponent == a.exponent ? b : a;
  const int32_t apart = large.exponent - small.exponent;
  if (small.mantissa == 0U || apart > 31) {
    return large;
  }
  return number((uint64_t)large.mantissa + (small.mantissa >> apart), large.exponent);
}

anyecg_number_t anyecg_quotient(anyecg_number_t a, anyecg_number_t b) {
  return number(divide((uint64_t)a.mantissa << 31, b.mantissa), a.exponent - b.exponent - 31);
}

static int32_t mean_of(const int32_t *x, uint32_t n) {
  int64_t sum = 0;
  for (uint32_t i = 0; i < n; ++i) {
    sum += x[i];
  }
  const uint64_t magnitude = divide((uint64_t)(sum < 0 ? -sum : sum) + n / 2U, n);
  return sum < 0 ? -(int32_t)magnitude : (int32_t)magnitude;
}

anyecg_number_t anyecg_deviation(anyecg_block_t *block, int32_t *mean) {
  anyecg_normalise(block, 0, ROOM_BITS);
  *mean = mean_of(block->x, block->n);
  uint64_t sum = 0;
  for (uint32_t i = 0; i < block->n; ++i) {
    const int32_t distance = (block->x[i] - *mean + (INT32_C(1) << (SQUARE_SHIFT - 1))) >> SQUARE_SHIFT;
    sum += (uint64_t)((int64_t)distance * distance);
  }
  /* Up by an even number of bits: the root keeps at least as many as the quotient has halves. */
  int32_t up = 0;
  for (; sum != 0U && (sum >> 62) == 0U; sum <<= 2) {
    ++up;
  }
  return number(root(divide(sum, block->n)), SQUARE_SHIFT - up - block->exponent);
}

anyecg_number_t anyecg_median_swing(anyecg_block_t *block, uint32_t size, int32_t *scratch) {
  uint32_t n = 0;
  anyecg_normalise(block, 0, ROOM_BITS);
  for (uint32_t begin = 0; begin == 0U || begin + size <= block->n; begin += size) {
    const uint32_t end = begin + 2U * size <= block->n ? begin + size : block->n;
    int32_t lowest = block->x[begin];
    int32_t highest = lowest;
    for (uint32_t i = begin; i < end; ++i) {
      lowest = block->x[i] < lowest ? block->x[i] : lowest;
      highest = block->x[i] > highest ? block->x[i] : highest;
    }
    const int32_t swing = highest - lowest;
    uint32_t at = n++;
    for (; at > 0U && scratch[at - 1U] > swing; --at) {
      scratch[at] = scratch[at - 1U];
    }
    scratch[at] = swing;
  }
  return number((uint64_t)((int64_t)scratch[n / 2U] + scratch[(n - 1U) / 2U]), -1 - block->exponent);
}

/* |x - mean| times the number, below 2^shift of the caller's fraction, halves up; UINT32_MAX where it is more. */
static uint32_t scaled(uint32_t magnitude, uint32_t mantissa, int32_t down) {
  const uint64_t product = (uint64_t)magnitude * mantissa;
  if (product == 0U || down > 63) {
    return 0;
  }
  if (down < 1) {
    return UINT32_MAX;
  }
  const uint64_t value = (product + (UINT64_C(1) << (down - 1))) >> down;
  return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static int8_t placed(uint32_t steps, int32_t is_negative, int32_t zero) {
  const int32_t bounded = (int32_t)(steps > STEPS_MOST ? STEPS_MOST : steps);
  const int32_t value = zero + (is_negative != 0 ? -bounded : bounded);
  return (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
}

void anyecg_quantise(const anyecg_block_t *block, int32_t mean, anyecg_number_t steps, int32_t zero, int8_t *input) {
  const int32_t down = block->exponent - steps.exponent;
  for (uint32_t i = 0; i < block->n; ++i) {
    const int32_t x = block->x[i] - mean;
    input[i] = placed(scaled((uint32_t)(x < 0 ? -x : x), steps.mantissa, down), x < 0, zero);
  }
}

void anyecg_quantise_curve(const anyecg_block_t *block, int32_t mean, anyecg_number_t scale, int32_t zero,
                           const uint32_t *thresholds, uint32_t n_thresholds, int8_t *input) {
  const int32_t down = block->exponent - scale.exponent;
  for (uint32_t i = 0; i < block->n; ++i) {
    const int32_t x = block->x[i] - mean;
    const uint32_t value = scaled((uint32_t)(x < 0 ? -x : x), scale.mantissa, down);
    uint32_t steps = 0; /* thresholds that are reached */
    for (uint32_t left = n_thresholds; left > 0U;) {
      const uint32_t half = (left + 1U) / 2U;
      steps += thresholds[steps + half - 1U] <= value ? half : 0U;
      left -= half;
    }
    input[i] = placed(steps, x < 0, zero);
  }
}
