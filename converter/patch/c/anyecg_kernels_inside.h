/* What the kernels share: which variant is built, and the rounding of TFLite Micro. Not for use outside of them.
 *
 * The variant follows from what the compiler builds for; -DANYECG_PLAIN and -DANYECG_NO_MVE choose a plainer one.
 * Negative values are shifted right as every compiler for these cores does: the sign moves in.
 */
#ifndef ANYECG_KERNELS_INSIDE_H
#define ANYECG_KERNELS_INSIDE_H

#include "anyecg_kernels.h"

#if defined(ANYECG_PLAIN)
#define ANYECG_VARIANT_PLAIN 1
#elif defined(__ARM_FEATURE_MVE) && !defined(ANYECG_NO_MVE)
#define ANYECG_VARIANT_MVE 1
#elif defined(__ARM_FEATURE_DSP) && defined(__ARM_ARCH_PROFILE) && (__ARM_ARCH_PROFILE == 'M')
#define ANYECG_VARIANT_DSP 1
#else
#define ANYECG_VARIANT_PLAIN 1
#endif

/* x * multiplier * 2^(shift - 31), rounded twice: the doubled high half of the product, then its shift to the right,
 * each to the nearest, halves away from zero. */
static inline int32_t anyecg_rescaled(int32_t x, int32_t multiplier, int32_t shift) {
  const int32_t left = (shift > 0) ? shift : 0;
  const int32_t right = (shift > 0) ? 0 : -shift;
  const int64_t shifted = (int32_t)((uint32_t)x << left);
  const int32_t high = (int32_t)(((shifted * multiplier) + ((int64_t)1 << 30)) >> 31);
  const int32_t mask = (int32_t)(((uint32_t)1 << right) - 1U);
  const int32_t half = (mask >> 1) + ((high < 0) ? 1 : 0);
  return (high >> right) + (((high & mask) > half) ? 1 : 0);
}

static inline int8_t anyecg_within(int32_t value, anyecg_range_t range) {
  const int32_t raised = (value < range.lowest) ? range.lowest : value;
  return (int8_t)((raised > range.highest) ? range.highest : raised);
}

static inline int8_t anyecg_quantised(int32_t x, int32_t multiplier, int32_t shift, anyecg_range_t range) {
  return anyecg_within(anyecg_rescaled(x, multiplier, shift) + range.zero, range);
}

#endif
