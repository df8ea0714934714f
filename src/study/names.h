/* How people write biascope_generator: on the command line, in studies, in stores; ends with NULL. */
#ifndef BIASCOPE_STUDY_NAMES_H
#define BIASCOPE_STUDY_NAMES_H

extern const char *const BS_GENERATOR_NAMES[];

#endif
