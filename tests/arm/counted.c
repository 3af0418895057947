/* A program of which every instruction is known: `TURNS` turns of a loop between two marks. */
__attribute__((naked, noreturn)) void _start(void)
{
    __asm__ volatile("mov r7, #147\n\t" /* getsid */
                     "mov r0, #0\n\t"
                     "svc #0\n\t"
                     "ldr r1, =" TURNS "\n\t"
                     "1: subs r1, r1, #1\n\t"
                     "bne 1b\n\t"
                     "mov r0, #0\n\t"
                     "svc #0\n\t"
                     "mov r7, #1\n\t" /* exit */
                     "mov r0, #0\n\t"
                     "svc #0\n\t");
}
