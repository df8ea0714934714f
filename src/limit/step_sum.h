/* The time of the flow, s = sum eta, over the steps eta_t = lr (t+2)^-decay. */
#ifndef BIASCOPE_LIMIT_STEP_SUM_H
#define BIASCOPE_LIMIT_STEP_SUM_H

/* Sum of the first `steps` step sizes; steps >= 0, whole. */
double bs_step_sum(double lr, double decay, double steps);
/* The number of steps after which the sum is `time`; INFINITY if it is too large for a double. */
double bs_steps_for(double lr, double decay, double time);

#endif
