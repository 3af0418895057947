/* A plugin for QEMU's user mode: how many instructions have run, written down at each call of one system call.

   Debian ships no header of QEMU's plugin interface; what is used of it (version 1, as of QEMU 4.2) is declared here.
   The program that is counted must have one thread. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct qemu_plugin_tb;
struct qemu_info_t;

typedef void (*translated_cb)(uint64_t plugin, struct qemu_plugin_tb *block);
typedef void (*called_cb)(uint64_t plugin, unsigned int cpu, int64_t number, uint64_t a1, uint64_t a2, uint64_t a3,
                          uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8);

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t plugin, translated_cb callback);
void qemu_plugin_register_vcpu_syscall_cb(uint64_t plugin, called_cb callback);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *block, int operation, void *counter,
                                              uint64_t addend);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);

int qemu_plugin_version = 1;
int qemu_plugin_install(uint64_t plugin, const struct qemu_info_t *info, int argc, char **argv);

enum { ADD_U64 = 0 };

static uint64_t run_so_far;
static int64_t mark = -1;
static FILE *out;

static void translated(uint64_t plugin, struct qemu_plugin_tb *block)
{
    (void)plugin;
    qemu_plugin_register_vcpu_tb_exec_inline(block, ADD_U64, &run_so_far, qemu_plugin_tb_n_insns(block));
}

static void called(uint64_t plugin, unsigned int cpu, int64_t number, uint64_t a1, uint64_t a2, uint64_t a3,
                   uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8)
{
    (void)plugin, (void)cpu, (void)a1, (void)a2, (void)a3, (void)a4, (void)a5, (void)a6, (void)a7, (void)a8;
    if (number == mark) {
        fprintf(out, "%" PRIu64 "\n", run_so_far);
        fflush(out);
    }
}

int qemu_plugin_install(uint64_t plugin, const struct qemu_info_t *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "out=", 4) == 0) {
            out = fopen(argv[i] + 4, "w");
        } else if (strncmp(argv[i], "mark=", 5) == 0) {
            mark = strtoll(argv[i] + 5, NULL, 10);
        }
    }
    if (out == NULL || mark < 0) {
        fprintf(stderr, "instructions: out=FILE and mark=NUMBER are needed\n");
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(plugin, translated);
    qemu_plugin_register_vcpu_syscall_cb(plugin, called);
    return 0;
}
