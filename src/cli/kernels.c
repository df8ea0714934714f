#include "cli/cli.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What OPENBLAS_CORETYPE names the kernels for this processor's vectors; NULL: none better than those for SSE3. */
static const char *kernels_for_vectors(void) {
#ifdef __x86_64__
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  if (avx512) return "SkylakeX";
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "Haswell";
#endif
  return NULL;
}

void cli_start_with_fast_kernels(char **argv) {
  static const char VARIABLE[] = "OPENBLAS_CORETYPE";
  char *(*core)(void);
  void *const symbol = dlsym(RTLD_DEFAULT, "openblas_get_corename");
  memcpy(&core, &symbol, sizeof core); /* C has no conversion between them */
  const char *faster = kernels_for_vectors();
  if (!symbol || !faster || getenv(VARIABLE) || strcmp(core(), "Prescott") != 0) return;
  if (setenv(VARIABLE, faster, 1) == 0) execv("/proc/self/exe", argv); /* or as slowly as before */
}
