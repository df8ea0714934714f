/* The tables [[data]] of a specification. */
#ifndef BIASCOPE_STUDY_SPEC_SOURCE_H
#define BIASCOPE_STUDY_SPEC_SOURCE_H

#include "study/spec.h"

/* Reads and checks them all into spec->sources, which bs_spec_free() frees in any case. */
biascope_status bs_spec_read_sources(bs_spec *spec, const bs_toml *root, biascope_error *error);

#endif
