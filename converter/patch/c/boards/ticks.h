/* SysTick as a clock. Under `qemu -icount shift=0` one instruction takes one nanosecond, so that ticks of the board's
 * clock count instructions. */
#ifndef ANYECG_TICKS_H
#define ANYECG_TICKS_H

#include <stdint.h>

void anyecg_board_ticks_begin(void);
uint64_t anyecg_board_ticks(void); /* since the beginning */

#endif
