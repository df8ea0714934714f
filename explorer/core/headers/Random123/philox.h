/* Random123 refuses processors that are not in its list, and WebAssembly is not. Its portable code, which RISC-V takes,
 * is right there too: the tests compare the shuffled runs of the page with native ones. */
#define __riscv 64 /* NOLINT: the name that Random123 asks for */
#include_next <Random123/philox.h>
#undef __riscv
