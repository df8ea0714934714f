/* Starts the benchmark, biascope-bench. It is a separate program because it uses the inside of the library. */
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct argp_child CHILDREN[] = {{&cli_common_argp, 0, 0, 0}, {0}};

static error_t parse(int key, char *text, struct argp_state *state) {
  (void)text;
  if (key != ARGP_KEY_INIT) return ARGP_ERR_UNKNOWN;
  state->child_inputs[0] = state->input;
  return 0;
}

static const struct argp ARGP = {
    .parser = parse,
    .children = CHILDREN,
    .doc = "Times a step of per-sample Adam against a lower bound: a loop of nothing but the loads, "
           "multiply-adds, square roots and divisions that no implementation can do without; against a plain C loop "
           "compiled for this machine; and a full batch's against memory's bandwidth. The environment variable "
           "BIASCOPE_VECTORS (baseline, avx2 or avx512) makes any command use narrower vectors than the processor's "
           "own, with the same results."};

int cli_bench(int argc, char **argv) {
  cli_common common = {0};
  cli_parse(&ARGP, argc, argv, &common);
  char program[CLI_PATH_SIZE], json[] = "--json";
  cli_find_shipped("biascope-bench", (const char *const[]){"", "../libexec/biascope/", NULL}, program);
  char *const arguments[] = {program, common.json ? json : NULL, NULL};
  execv(program, arguments);
  fprintf(stderr, "biascope: %s cannot be started: %s\n", program, strerror(errno));
  return BIASCOPE_BAD_INPUT;
}
