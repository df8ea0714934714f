/* Limits of the full batch that are one of several optimal directions. */
#ifndef BIASCOPE_CONFIRM_FACE_H
#define BIASCOPE_CONFIRM_FACE_H

#include "confirm/run.h"

/* Makes the optimal direction of the norm `answer->face` that is nearest to the run's last increment the answer, if
 * they are near each other. Of a norm of matrices, where the nearest is not known, it is the increment's own direction,
 * if its margin is nearly the best; the gap is then what it lacks. *reached: whether it is. */
biascope_status bs_face_take_run(const biascope_dataset *data, const bs_run *run, biascope_prediction *answer,
                                 bool *reached, biascope_error *error);

#endif
