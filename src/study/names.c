#include "study/names.h"

#include <stddef.h>

const char *const BS_GENERATOR_NAMES[] = {"gaussian", "rademacher", "shifted-diagonal", "teacher", NULL};
