/* Equilibria other than the one that training from w = 0 reaches. */
#ifndef BIASCOPE_LIMIT_OTHERS_H
#define BIASCOPE_LIMIT_OTHERS_H

#include "limit/predict.h"
#include "limit/search.h"

/* Searches from question->options.starts random points and lists, in `out`, the attracting equilibria whose directions
 * differ from out->direction and from each other. */
biascope_status bs_find_others(const bs_question *question, bs_game *game, const bs_search *search,
                               biascope_prediction *out, biascope_error *error);

#endif
