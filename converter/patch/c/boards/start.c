/* From reset to main() on an emulated Cortex-M, with newlib's semihosting for stdin, stdout and the exit status. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define COPROCESSORS (*(volatile uint32_t *)0xE000ED88U) /* CPACR */
#define COPROCESSORS_FPU (0xFU << 20)
#define FAULTED 70 /* EX_SOFTWARE */

extern uint32_t anyecg_board_data_begin[];
extern uint32_t anyecg_board_data_end[];
extern const uint32_t anyecg_board_data_stored[];
extern uint32_t anyecg_board_bss_begin[];
extern uint32_t anyecg_board_bss_end[];
extern uint32_t anyecg_board_stack_top[];

int main(void);
void initialise_monitor_handles(void); /* newlib's */
void anyecg_board_reset(void);
void anyecg_board_wrapped(void); /* ticks.c */

static void anyecg_board_fault(void) {
  _exit(FAULTED);
}

__attribute__((noinline)) static void anyecg_board_begin(void) {
  const uint32_t *stored = anyecg_board_data_stored;
  for (uint32_t *word = anyecg_board_data_begin; word < anyecg_board_data_end; word++) {
    *word = *stored;
    stored++;
  }
  for (uint32_t *word = anyecg_board_bss_begin; word < anyecg_board_bss_end; word++) {
    *word = 0U;
  }
#if defined(__ARM_FEATURE_MVE)
  /* Low overhead loops with tail predication need the vector length in FPSCR.LTPSIZE: 4, not predicated. */
  __asm volatile("vmrs r0, fpscr\n bic r0, r0, #0x70000\n orr r0, r0, #0x40000\n vmsr fpscr, r0" ::: "r0");
#endif
  initialise_monitor_handles();
  const int status = main();
  (void)fflush(NULL);
  _exit(status);
}

void anyecg_board_reset(void) {
  COPROCESSORS |= COPROCESSORS_FPU;
  __asm volatile("dsb\n isb" ::: "memory");
  anyecg_board_begin();
}

__attribute__((section(".vectors"), used)) static void (*const anyecg_board_vectors[16])(void) = {
  (void (*)(void))anyecg_board_stack_top,
  anyecg_board_reset,
  anyecg_board_fault, /* NMI */
  anyecg_board_fault, /* hard fault */
  anyecg_board_fault, /* memory */
  anyecg_board_fault, /* bus */
  anyecg_board_fault, /* usage */
  anyecg_board_fault, /* secure */
  NULL,
  NULL,
  NULL,
  anyecg_board_fault, /* supervisor call */
  anyecg_board_fault, /* debug monitor */
  NULL,
  anyecg_board_fault, /* pending supervisor call */
  anyecg_board_wrapped,
};
