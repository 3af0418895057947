/* What the kernels with DSP instructions share. Not for use outside of them. */
#ifndef ANYECG_KERNELS_DSP_H
#define ANYECG_KERNELS_DSP_H

#include "anyecg_kernels_inside.h"

#ifdef ANYECG_VARIANT_DSP

#define QUAD 4U /* int8 values in a word */

/* Four bytes, aligned or not. */
static inline uint32_t anyecg_word(const int8_t *from) {
  uint32_t word;
  __builtin_memcpy(&word, from, sizeof word);
  return word;
}

/* How one channel is rescaled. `doubled` is the multiplier * 2 modulo 2^32: with SMMLAR it gives the rounded high half
 * of the doubled product, which is x + x * (doubled - 2^32) / 2^32, for every multiplier of 2^30 and more. */
typedef struct {
  int32_t doubled;
  int32_t left;
  int32_t right;
} anyecg_steps_t;

static inline anyecg_steps_t anyecg_steps(int32_t multiplier, int32_t shift) {
  const anyecg_steps_t steps = {
    (int32_t)((uint32_t)multiplier << 1),
    (shift > 0) ? shift : 0,
    (shift > 0) ? 0 : -shift,
  };
  return steps;
}

/* anyecg_rescaled() + zero. The shift leaves in the carry what decides the rounding, once halves of negative values are
 * sent down by subtracting one. A shift by nothing leaves the carry of that subtraction, which undoes it. */
static inline int32_t anyecg_stepped(int32_t x, anyecg_steps_t steps, int32_t zero) {
  const int32_t shifted = (int32_t)((uint32_t)x << steps.left);
  int32_t high;
  __asm("smmlar %0, %1, %2, %1\n\t"
        "adds %0, %0, %0, asr #31\n\t"
        "asrs %0, %0, %3\n\t"
        "adc %0, %0, %4"
        : "=&r"(high)
        : "r"(shifted), "r"(steps.doubled), "r"(steps.right), "r"(zero)
        : "cc");
  return high;
}

/* To an output that uses all of int8. */
static inline int8_t anyecg_requantised(int32_t x, anyecg_steps_t steps, int32_t zero) {
  int32_t value = anyecg_stepped(x, steps, zero);
  __asm("ssat %0, #8, %0" : "+r"(value));
  return (int8_t)value;
}

/* Where the range is narrower than int8's, brings what is written into it. */
void anyecg_clamp(int8_t *y, uint32_t n, anyecg_range_t range);

#endif

#endif
