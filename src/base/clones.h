/* How a loop over vectors is compiled once for each instruction set, with the same bits from each. */
#ifndef BIASCOPE_BASE_CLONES_H
#define BIASCOPE_BASE_CLONES_H

#include <stdbool.h>
#include <stddef.h>

/* Instruction sets, the later ones with wider vectors. */
typedef enum { BS_BASELINE, BS_AVX2, BS_AVX512 } bs_vectors;
/* The one that is used: the processor's widest, or the one that the environment names (vectors.c). */
extern __attribute__((visibility("hidden"))) bs_vectors bs_vectors_used;

#ifdef BIASCOPE_COVERAGE
#define INLINE static inline /* counted once instead of once for each caller */
#else
#define INLINE static inline __attribute__((always_inline))
#endif

/* FASTEST(linkage, type, name, parameters, arguments) { body } defines a function whose body is compiled for every
 * instruction set; arguments: the names of the parameters. FASTEST_VOID has no type. In the body, `lanes` is the number
 * of doubles in a vector of the instruction set: 8, 4 or 2.
 *
 * A test that compares the forms, and coverage, have one form only; clang does not inline vectors into functions of
 * another instruction set. */
#define BS_BODY(...) (__attribute__((unused)) const size_t lanes, __VA_ARGS__)
#define BS_EIGHT(...) (8, __VA_ARGS__)
#define BS_FOUR(...) (4, __VA_ARGS__)
#define BS_TWO(...) (2, __VA_ARGS__)
#if defined(__x86_64__) && !defined(BIASCOPE_BASELINE_KERNEL) && !defined(BIASCOPE_COVERAGE) && !defined(__clang__)
#define BS_FORMS(linkage, type, give, name, parameters, arguments)                                                     \
  INLINE type name##_body BS_BODY parameters;                                                                          \
  static __attribute__((target("arch=x86-64-v4"))) type name##_avx512 parameters {                                     \
    give name##_body BS_EIGHT arguments;                                                                               \
  }                                                                                                                    \
  static __attribute__((target("avx2"))) type name##_avx2 parameters {                                                 \
    give name##_body BS_FOUR arguments;                                                                                \
  }                                                                                                                    \
  static type name##_baseline parameters {                                                                             \
    give name##_body BS_TWO arguments;                                                                                 \
  }                                                                                                                    \
  linkage type name parameters {                                                                                       \
    if (bs_vectors_used == BS_AVX512)                                                                                  \
      give name##_avx512 arguments;                                                                                    \
    else if (bs_vectors_used == BS_AVX2)                                                                               \
      give name##_avx2 arguments;                                                                                      \
    else                                                                                                               \
      give name##_baseline arguments;                                                                                  \
  }                                                                                                                    \
  INLINE type name##_body BS_BODY parameters
#else
#define BS_FORMS(linkage, type, give, name, parameters, arguments)                                                     \
  INLINE type name##_body BS_BODY parameters;                                                                          \
  linkage type name parameters {                                                                                       \
    give name##_body BS_TWO arguments;                                                                                 \
  }                                                                                                                    \
  INLINE type name##_body BS_BODY parameters
#endif
#define FASTEST(linkage, type, name, parameters, arguments) BS_FORMS(linkage, type, return, name, parameters, arguments)
#define FASTEST_VOID(linkage, name, parameters, arguments) BS_FORMS(linkage, void, , name, parameters, arguments)

/* For functions written for AVX-512, or for AVX2 with fused multiply-adds, which may only run if bs_has_avx512() or
 * bs_has_avx2_and_fma(). */
#if defined(__x86_64__) && !defined(BIASCOPE_COVERAGE)
#define AVX512 __attribute__((target("avx512f,avx512dq,avx512vl")))
static inline bool bs_has_avx512(void) {
  return bs_vectors_used == BS_AVX512;
}
#define AVX2_FMA __attribute__((target("avx2,fma")))
static inline bool bs_has_avx2_and_fma(void) {
  return bs_vectors_used >= BS_AVX2 && __builtin_cpu_supports("fma");
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

#endif
