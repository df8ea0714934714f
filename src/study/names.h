/* How people write the enumerations of the public header: on the command line, in studies, in stores.
 * Each list is in the order of its enumeration and ends with NULL. */
#ifndef BIASCOPE_STUDY_NAMES_H
#define BIASCOPE_STUDY_NAMES_H

extern const char *const BS_OPTIMIZER_NAMES[];
extern const char *const BS_LOSS_NAMES[];
extern const char *const BS_NOISE_NAMES[];
extern const char *const BS_ORDER_NAMES[];
extern const char *const BS_GENERATOR_NAMES[];

#endif
