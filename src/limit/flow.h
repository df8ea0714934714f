/* The path of training as the step size tends to zero: dw/ds = D(c) - decay w from w = 0, where c are the loss slopes
 * of the samples at the margins z = Xw, and s = sum eta. The integration is implicit, so that steps grow when the
 * direction has settled. */
#ifndef BIASCOPE_LIMIT_FLOW_H
#define BIASCOPE_LIMIT_FLOW_H

#include "limit/game.h"
#include "loss/loss.h"

typedef struct bs_flow bs_flow;

/* tolerance: error of a margin in a step. decay: adamw's weight decay, else 0. Borrows the game. */
biascope_status bs_flow_create(bs_game *game, const bs_loss *loss, double decay, double tolerance, bs_flow **out,
                               biascope_error *error);
void bs_flow_free(bs_flow *flow);

/* Moves a flow that has not advanced yet from w = 0 to the d weights. */
void bs_flow_start(bs_flow *flow, const double *weights);

/* Changes the error of a margin in a step. */
void bs_flow_set_tolerance(bs_flow *flow, double tolerance);

/* Takes one accepted step that does not exceed s = limit (INFINITY: none). False if no step succeeds. */
bool bs_flow_advance(bs_flow *flow, double limit);
double bs_flow_time(const bs_flow *flow);
const double *bs_flow_weights(const bs_flow *flow);    /* w, d */
const double *bs_flow_margins(const bs_flow *flow);    /* z, N */
const double *bs_flow_log_slopes(const bs_flow *flow); /* log |l'(z_i)|, N */

#endif
