/* The kernels in plain C: what every compiler builds, and what the other variants are compared with. */
#include "anyecg_kernels_inside.h"

#ifndef ANYECG_VARIANT_MVE

void anyecg_table(const int8_t *x, int8_t *y, const int8_t table[256], uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    y[i] = table[x[i] + 128];
  }
}

#endif

#ifdef ANYECG_VARIANT_PLAIN

void anyecg_conv(const anyecg_conv_t *conv, const int8_t *x, int8_t *y, int16_t *scratch) {
  const uint32_t channels = conv->channels_in / conv->groups; /* that one output reads */
  const uint32_t outputs = conv->channels_out / conv->groups; /* of one group */
  (void)scratch;
  for (uint32_t p = 0; p < conv->width_out; p++) {
    const int8_t *const window = &x[p * conv->stride * conv->channels_in];
    const int8_t *w = conv->weights;
    for (uint32_t c = 0; c < conv->channels_out; c++) {
      const int8_t *row = &window[(c / outputs) * channels];
      int32_t sum = conv->bias[c];
      for (uint32_t tap = 0; tap < conv->kernel; tap++) {
        for (uint32_t i = 0; i < channels; i++) {
          sum += row[i] * w[i];
        }
        row += conv->channels_in;
        w += channels;
      }
      y[c] = anyecg_quantised(sum, conv->multiplier[c], conv->shift[c], conv->range);
    }
    y += conv->channels_out;
  }
}

void anyecg_depthwise(const anyecg_conv_t *conv, const int8_t *x, int8_t *y) {
  const uint32_t channels = conv->channels_in;
  for (uint32_t p = 0; p < conv->width_out; p++) {
    const int8_t *const window = &x[p * conv->stride * channels];
    for (uint32_t c = 0; c < channels; c++) {
      int32_t sum = conv->bias[c];
      for (uint32_t tap = 0; tap < conv->kernel; tap++) {
        sum += window[(tap * channels) + c] * conv->weights[(tap * channels) + c];
      }
      y[c] = anyecg_quantised(sum, conv->multiplier[c], conv->shift[c], conv->range);
    }
    y += channels;
  }
}

void anyecg_mean(const int8_t *x, int8_t *y, uint16_t width, uint16_t channels, int32_t zero_in,
                 anyecg_rescale_t rescale, anyecg_range_t range) {
  for (uint32_t c = 0; c < channels; c++) {
    int32_t sum = -zero_in * (int32_t)width;
    for (uint32_t p = 0; p < width; p++) {
      sum += x[(p * channels) + c];
    }
    y[c] = anyecg_quantised(sum, rescale.multiplier, rescale.shift, range);
  }
}

void anyecg_max(const int8_t *x, int8_t *y, uint16_t width_out, uint16_t channels, uint8_t size, uint8_t stride,
                anyecg_range_t range) {
  for (uint32_t p = 0; p < width_out; p++) {
    const int8_t *const window = &x[p * stride * channels];
    for (uint32_t c = 0; c < channels; c++) {
      int8_t most = window[c];
      for (uint32_t i = 1; i < size; i++) {
        const int8_t value = window[(i * channels) + c];
        most = (value > most) ? value : most;
      }
      y[c] = anyecg_within(most, range);
    }
    y += channels;
  }
}

void anyecg_mul(const anyecg_mul_t *mul, const int8_t *a, const int8_t *b, int8_t *y, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    const int32_t product = (a[i] - mul->zero_a) * (b[i] - mul->zero_b);
    y[i] = anyecg_quantised(product, mul->rescale.multiplier, mul->rescale.shift, mul->range);
  }
}

void anyecg_mul_rows(const anyecg_mul_t *mul, const int8_t *a, const int8_t *row, int8_t *y, uint16_t width,
                     uint16_t channels) {
  for (uint32_t p = 0; p < width; p++) {
    anyecg_mul(mul, a, row, y, channels);
    a += channels;
    y += channels;
  }
}

void anyecg_add(const anyecg_add_t *add, const int8_t *a, const int8_t *b, int8_t *y, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    const int32_t from_a = (a[i] - add->zero_a) * (1 << 20);
    const int32_t from_b = (b[i] - add->zero_b) * (1 << 20);
    const int32_t sum = anyecg_rescaled(from_a, add->rescale_a.multiplier, add->rescale_a.shift) +
                        anyecg_rescaled(from_b, add->rescale_b.multiplier, add->rescale_b.shift);
    y[i] = anyecg_quantised(sum, add->rescale_sum.multiplier, add->rescale_sum.shift, add->range);
  }
}

#endif
