/* How a loop over vectors is compiled once for each instruction set, with the same bits from each. */
#ifndef BIASCOPE_BASE_CLONES_H
#define BIASCOPE_BASE_CLONES_H

#include <stdbool.h>

#ifdef BIASCOPE_BASELINE_KERNEL
#define FASTEST /* a test compares this one with the others */
#elif defined(BIASCOPE_COVERAGE)
#define FASTEST /* counted once instead of once for each instruction set */
#elif defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(__clang__)
#define FASTEST __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define FASTEST /* sanitizers have not started when the choice is made; clang inlines no vectors into clones */
#endif
/* For functions written for AVX-512, which may only run if bs_has_avx512(). */
#if defined(__x86_64__) && !defined(BIASCOPE_COVERAGE)
#define AVX512 __attribute__((target("avx512f,avx512dq")))
static inline bool bs_has_avx512(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
}
#endif
/* For a loop in which no pass writes what another pass reads. */
#ifdef __clang__
#define INDEPENDENT
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#endif
/* For a short loop over an array of vectors, so that they stay in registers. */
#define UNROLLED _Pragma("GCC unroll 16")
#ifdef BIASCOPE_COVERAGE
#define INLINE static inline /* counted once instead of once for each caller */
#else
#define INLINE static inline __attribute__((always_inline))
#endif

#endif
