/* Means, maxima, products and sums with DSP instructions. */
#include "anyecg_kernels_dsp.h"

#ifdef ANYECG_VARIANT_DSP

#define ROWS_IN_16_BITS 255U /* whose sum of int8 values has room in int16 */

static inline void anyecg_put_word(int8_t *to, uint32_t word) {
  __builtin_memcpy(to, &word, sizeof word);
}

void anyecg_clamp(int8_t *y, uint32_t n, anyecg_range_t range) {
  if ((range.lowest > INT8_MIN) || (range.highest < INT8_MAX)) {
    for (uint32_t i = 0; i < n; i++) {
      y[i] = anyecg_within(y[i], range);
    }
  }
}

/* Sums of four channels over `width` rows, in 16 bits as long as these cannot overflow. */
static inline void anyecg_four_columns(const int8_t *x, uint32_t width, uint32_t channels, int32_t sums[QUAD]) {
  while (width > 0U) {
    uint32_t rows = (width < ROWS_IN_16_BITS) ? width : ROWS_IN_16_BITS;
    int32_t even = 0;
    int32_t odd = 0;
    width -= rows;
    for (; rows > 0U; rows--) {
      const uint32_t word = anyecg_word(x);
      __asm("sxtab16 %0, %0, %1" : "+r"(even) : "r"(word));
      __asm("sxtab16 %0, %0, %1, ror #8" : "+r"(odd) : "r"(word));
      x += channels;
    }
    sums[0] += (int16_t)even;
    sums[1] += (int16_t)odd;
    sums[2] += even >> 16;
    sums[3] += odd >> 16;
  }
}

void anyecg_mean(const int8_t *x, int8_t *y, uint16_t width, uint16_t channels, int32_t zero_in,
                 anyecg_rescale_t rescale, anyecg_range_t range) {
  const int32_t offset = -zero_in * (int32_t)width;
  for (uint32_t c = 0; c < channels; c += QUAD) {
    const uint32_t left = channels - c;
    const uint32_t there = (left < QUAD) ? left : QUAD;
    int32_t sums[QUAD] = {offset, offset, offset, offset};
    if (there == QUAD) {
      anyecg_four_columns(&x[c], width, channels, sums);
    } else {
      for (uint32_t at = c; at < ((uint32_t)width * channels); at += channels) {
        for (uint32_t i = 0; i < there; i++) {
          sums[i] += x[at + i];
        }
      }
    }
    for (uint32_t i = 0; i < there; i++) {
      y[c + i] = anyecg_quantised(sums[i], rescale.multiplier, rescale.shift, range);
    }
  }
}

static inline uint32_t anyecg_larger_bytes(uint32_t a, uint32_t b) {
  uint32_t larger;
  __asm("ssub8 %0, %1, %2\n\t"
        "sel %0, %1, %2"
        : "=&r"(larger)
        : "r"(a), "r"(b)
        : "cc");
  return larger;
}

void anyecg_max(const int8_t *x, int8_t *y, uint16_t width_out, uint16_t channels, uint8_t size, uint8_t stride,
                anyecg_range_t range) {
  const uint32_t end = (uint32_t)size * channels;
  for (uint32_t p = 0; p < width_out; p++) {
    uint32_t c = 0;
    for (; (c + QUAD) <= channels; c += QUAD) {
      uint32_t most = anyecg_word(&x[c]);
      for (uint32_t at = c + channels; at < end; at += channels) {
        most = anyecg_larger_bytes(most, anyecg_word(&x[at]));
      }
      anyecg_put_word(&y[c], most);
    }
    for (; c < channels; c++) {
      int8_t most = x[c];
      for (uint32_t at = c + channels; at < end; at += channels) {
        most = (x[at] > most) ? x[at] : most;
      }
      y[c] = most;
    }
    anyecg_clamp(y, channels, range);
    x += (uint32_t)stride * channels;
    y += channels;
  }
}

void anyecg_mul(const anyecg_mul_t *mul, const int8_t *a, const int8_t *b, int8_t *y, uint32_t n) {
  const anyecg_steps_t steps = anyecg_steps(mul->rescale.multiplier, mul->rescale.shift);
  const int32_t zero = mul->range.zero;
  const int32_t zero_a = mul->zero_a;
  const int32_t zero_b = mul->zero_b;
  for (uint32_t i = 0; i < n; i++) {
    y[i] = anyecg_requantised((a[i] - zero_a) * (b[i] - zero_b), steps, zero);
  }
  anyecg_clamp(y, n, mul->range);
}

void anyecg_mul_rows(const anyecg_mul_t *mul, const int8_t *a, const int8_t *row, int8_t *y, uint16_t width,
                     uint16_t channels) {
  const anyecg_steps_t steps = anyecg_steps(mul->rescale.multiplier, mul->rescale.shift);
  const uint32_t end = (uint32_t)width * channels;
  const int32_t zero = mul->range.zero;
  for (uint32_t c = 0; c < channels; c++) {
    const int32_t factor = row[c] - mul->zero_b;
    const int32_t offset = -factor * mul->zero_a;
    for (uint32_t at = c; at < end; at += channels) {
      y[at] = anyecg_requantised((a[at] * factor) + offset, steps, zero);
    }
  }
  anyecg_clamp(y, end, mul->range);
}

void anyecg_add(const anyecg_add_t *add, const int8_t *a, const int8_t *b, int8_t *y, uint32_t n) {
  const anyecg_steps_t of_a = anyecg_steps(add->rescale_a.multiplier, add->rescale_a.shift);
  const anyecg_steps_t of_b = anyecg_steps(add->rescale_b.multiplier, add->rescale_b.shift);
  const anyecg_steps_t of_sum = anyecg_steps(add->rescale_sum.multiplier, add->rescale_sum.shift);
  const int32_t zero = add->range.zero;
  const int32_t offset_a = -add->zero_a * (1 << 20);
  const int32_t offset_b = -add->zero_b * (1 << 20);
  for (uint32_t i = 0; i < n; i++) {
    const int32_t from_a = anyecg_stepped((a[i] * (1 << 20)) + offset_a, of_a, 0);
    const int32_t both = anyecg_stepped((b[i] * (1 << 20)) + offset_b, of_b, from_a);
    y[i] = anyecg_requantised(both, of_sum, zero);
  }
  anyecg_clamp(y, n, add->range);
}

#endif
