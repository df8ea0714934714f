/* Which instruction set's vectors are used. */
#include "base/clones.h"
#include "base/error.h"
#include <stdlib.h>
#include <string.h>

static const char *const NAMES[] = {[BS_BASELINE] = "baseline", [BS_AVX2] = "avx2", [BS_AVX512] = "avx512"};
enum { COUNT = sizeof NAMES / sizeof *NAMES };

bs_vectors bs_vectors_used = BS_BASELINE;

static bs_vectors widest(void) {
#ifdef __x86_64__
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2")) return BS_BASELINE;
  /* What x86-64-v4 has beside. */
  if (__builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
      __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return BS_AVX512;
  return BS_AVX2;
#else
  return BS_BASELINE;
#endif
}

/* The number of the name in the environment; COUNT: there is no such name. */
static int chosen(int otherwise) {
  const char *name = getenv("BIASCOPE_VECTORS");
  if (!name) return otherwise;
  int i = 0;
  while (i < COUNT && strcmp(name, NAMES[i]) != 0) i++;
  return i;
}

/* Before any function of the library can be called. */
static __attribute__((constructor)) void choose(void) {
  const bs_vectors most = widest();
  const int choice = chosen((int)most);
  bs_vectors_used = choice < (int)most ? (bs_vectors)choice : most;
}

biascope_status biascope_vectors(const char **name, biascope_error *error) {
  const int used = (int)bs_vectors_used;
  *name = NAMES[used];
  if (chosen(used) == used) return BIASCOPE_OK;
  return bs_fail(error, BIASCOPE_USAGE,
                 "BIASCOPE_VECTORS is '%s'; expected baseline, avx2 or avx512, and one that the processor has (%s is "
                 "used)",
                 getenv("BIASCOPE_VECTORS"), *name);
}
