#include "ticks.h"

#define SYSTICK_CONTROL (*(volatile uint32_t *)0xE000E010U)
#define SYSTICK_RELOAD (*(volatile uint32_t *)0xE000E014U)
#define SYSTICK_VALUE (*(volatile uint32_t *)0xE000E018U)
#define SYSTICK_COUNTS 7U /* enabled, interrupts when it wraps, the processor's clock */
#define SYSTICK_LAST 0xFFFFFFU

void anyecg_board_wrapped(void);

static volatile uint32_t anyecg_board_wraps;

void anyecg_board_wrapped(void) {
  anyecg_board_wraps++;
}

void anyecg_board_ticks_begin(void) {
  SYSTICK_RELOAD = SYSTICK_LAST;
  SYSTICK_VALUE = 0U;
  SYSTICK_CONTROL = SYSTICK_COUNTS;
  while (SYSTICK_VALUE == 0U) {
    /* It is zero until the first tick, which would read as a whole round. */
  }
}

uint64_t anyecg_board_ticks(void) {
  uint32_t wraps;
  uint32_t value;
  do {
    wraps = anyecg_board_wraps;
    value = SYSTICK_VALUE;
  } while (wraps != anyecg_board_wraps);
  return ((uint64_t)wraps * (SYSTICK_LAST + 1U)) + (SYSTICK_LAST - value);
}
