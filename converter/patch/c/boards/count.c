/* Counts the instructions of one window on an emulated board, in ticks: all in all, and each kernel's call.
 *
 * The linker sends the calls of the kernels here (--wrap), and from here they go on to the kernels. Lines on stdout:
 *   run TICKS                 device counts to outputs; absent without preprocessing
 *   infer TICKS               the network
 *   stack BYTES               the most of both
 *   call KERNEL KERNEL_WIDTH WIDTH_OUT CHANNELS_IN CHANNELS_OUT GROUPS TICKS
 */
#include <stdio.h>
#include <string.h>

#include "anyecg_internal.h"
#include "anyecg_kernels.h"
#include "anyecg_model.h"
#include "anyecg_pad.h"
#include "ticks.h"

#define MOST_CALLS 512U
#define STACK_BYTES 8192U
#define STACK_OWN 64U /* of the painting itself */
#define STACK_FILL 0xA5U

typedef struct {
  const char *kernel;
  uint32_t size;
  uint32_t width;
  uint32_t channels_in;
  uint32_t channels_out;
  uint32_t groups;
  uint32_t ticks;
} call_t;

static call_t anyecg_board_calls[MOST_CALLS];
static uint32_t anyecg_board_called;
static uint64_t anyecg_board_entered;

static void anyecg_board_enter(void) {
  anyecg_board_entered = anyecg_board_ticks();
}

static void anyecg_board_leave(const char *kernel, uint32_t size, uint32_t width, uint32_t channels_in,
                               uint32_t channels_out, uint32_t groups) {
  const call_t call = {
    kernel, size, width, channels_in, channels_out, groups, (uint32_t)(anyecg_board_ticks() - anyecg_board_entered),
  };
  if (anyecg_board_called < MOST_CALLS) {
    anyecg_board_calls[anyecg_board_called] = call;
    anyecg_board_called++;
  }
}

#define WRAPPED(name, parameters, arguments, size, width, channels_in, channels_out, groups) \
  void __real_anyecg_##name parameters;                                                      \
  void __wrap_anyecg_##name parameters;                                                      \
  void __wrap_anyecg_##name parameters {                                                     \
    anyecg_board_enter();                                                                    \
    __real_anyecg_##name arguments;                                                          \
    anyecg_board_leave(#name, size, width, channels_in, channels_out, groups);               \
  }

WRAPPED(conv, (const anyecg_conv_t *conv, const int8_t *x, int8_t *y, int16_t *scratch), (conv, x, y, scratch),
        conv->kernel, conv->width_out, conv->channels_in, conv->channels_out, conv->groups)
WRAPPED(depthwise, (const anyecg_conv_t *conv, const int8_t *x, int8_t *y), (conv, x, y), conv->kernel,
        conv->width_out, conv->channels_in, conv->channels_in, conv->channels_in)
WRAPPED(mean,
        (const int8_t *x, int8_t *y, uint16_t width, uint16_t channels, int32_t zero_in, anyecg_rescale_t rescale,
         anyecg_range_t range),
        (x, y, width, channels, zero_in, rescale, range), 1U, width, channels, channels, channels)
WRAPPED(max,
        (const int8_t *x, int8_t *y, uint16_t width_out, uint16_t channels, uint8_t size, uint8_t stride,
         anyecg_range_t range),
        (x, y, width_out, channels, size, stride, range), size, width_out, channels, channels, channels)
WRAPPED(table, (const int8_t *x, int8_t *y, const int8_t table[256], uint32_t n), (x, y, table, n), 1U, n, 1U, 1U, 1U)
WRAPPED(mul, (const anyecg_mul_t *mul, const int8_t *a, const int8_t *b, int8_t *y, uint32_t n), (mul, a, b, y, n), 1U,
        n, 1U, 1U, 1U)
WRAPPED(mul_rows,
        (const anyecg_mul_t *mul, const int8_t *a, const int8_t *row, int8_t *y, uint16_t width, uint16_t channels),
        (mul, a, row, y, width, channels), 1U, width, channels, channels, channels)
WRAPPED(add, (const anyecg_add_t *add, const int8_t *a, const int8_t *b, int8_t *y, uint32_t n), (add, a, b, y, n), 1U,
        n, 1U, 1U, 1U)
WRAPPED(pad, (const anyecg_pad_t *pad, const int8_t *x, int8_t *y), (pad, x, y), 1U, pad->width, pad->channels,
        pad->channels, pad->channels)

/* A sequence that looks like noise, the same every time. */
static uint32_t anyecg_board_noise(void) {
  static uint32_t state = 1U;
  state = (state * 1664525U) + 1013904223U;
  return state >> 16;
}

static void anyecg_board_fill_input(void) {
  int8_t *const input = anyecg_input();
  for (uint32_t i = 0; i < (uint32_t)(ANYECG_INPUTS); i++) {
    input[i] = (int8_t)((int32_t)(anyecg_board_noise() % 256U) - 128);
  }
}

#if ANYECG_WINDOW_SAMPLES > 0
/* The window on stdin; where there is none, half a millivolt of noise round two millivolts of slow wave. */
static void anyecg_board_fill_window(void) {
  const int32_t step = (int32_t)(ANYECG_RATE_MILLIHERTZ / 1000);
  const int32_t counts_per_mv = (int32_t)(1000000000 / ANYECG_PICOVOLTS_PER_COUNT);
  int32_t *const window = anyecg_model_window();
  if (fread(window, sizeof *window, ANYECG_WINDOW_SAMPLES, stdin) == (size_t)(ANYECG_WINDOW_SAMPLES)) {
    return;
  }
  for (int32_t i = 0; i < (int32_t)(ANYECG_WINDOW_SAMPLES); i++) {
    const int32_t wave = ((i % step) * counts_per_mv * 2) / step;
    window[i] = wave + (((int32_t)anyecg_board_noise() * counts_per_mv) / 131072);
  }
}
#endif

static volatile uint8_t *anyecg_board_stack(void) {
  volatile uint8_t *top;
  __asm volatile("mov %0, sp" : "=r"(top));
  return top;
}

/* Paints what lies below the stack pointer `top`; what is called later writes over it. */
static void anyecg_board_paint(volatile uint8_t *top) {
  for (uint32_t i = STACK_OWN; i < STACK_BYTES; i++) {
    top[-(int32_t)i] = STACK_FILL;
  }
}

static uint32_t anyecg_board_painted_over(const volatile uint8_t *top) {
  uint32_t depth = STACK_BYTES;
  while ((depth > STACK_OWN) && (top[1 - (int32_t)depth] == STACK_FILL)) {
    depth--;
  }
  return depth;
}

__attribute__((noinline)) static uint32_t anyecg_board_infer(void) {
  const uint64_t begin = anyecg_board_ticks();
  (void)anyecg_infer();
  return (uint32_t)(anyecg_board_ticks() - begin);
}

#if ANYECG_WINDOW_SAMPLES > 0
__attribute__((noinline)) static uint32_t anyecg_board_run(void) {
  const uint64_t begin = anyecg_board_ticks();
  (void)anyecg_model_run();
  return (uint32_t)(anyecg_board_ticks() - begin);
}
#endif

int main(void) {
  anyecg_board_ticks_begin();
#if ANYECG_WINDOW_SAMPLES > 0
  anyecg_board_fill_window(); /* before the stack is painted, as reading takes some of it */
#endif
  volatile uint8_t *const top = anyecg_board_stack();
  anyecg_board_paint(top);
#if ANYECG_WINDOW_SAMPLES > 0
  const uint32_t run = anyecg_board_run();
  anyecg_board_called = 0U;
#endif
  anyecg_board_fill_input();
  const uint32_t infer = anyecg_board_infer();
  const uint32_t stack = anyecg_board_painted_over(top);
#if ANYECG_WINDOW_SAMPLES > 0
  (void)printf("run %lu\n", (unsigned long)run);
#endif
  (void)printf("infer %lu\nstack %lu\n", (unsigned long)infer, (unsigned long)stack);
  for (uint32_t i = 0; i < anyecg_board_called; i++) {
    const call_t *const call = &anyecg_board_calls[i];
    (void)printf("call %s %lu %lu %lu %lu %lu %lu\n", call->kernel, (unsigned long)call->size,
                 (unsigned long)call->width, (unsigned long)call->channels_in, (unsigned long)call->channels_out,
                 (unsigned long)call->groups, (unsigned long)call->ticks);
  }
  return 0;
}
