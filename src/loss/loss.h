/* A loss l(z) of the margin z, computed by logarithms so that nothing underflows. One file for each loss. */
#ifndef BIASCOPE_LOSS_LOSS_H
#define BIASCOPE_LOSS_LOSS_H

#include "base/weight.h"

#include "biascope.h"

typedef enum {
  BIASCOPE_LOGISTIC,     /* log(1 + e^-z) */
  BIASCOPE_EXPONENTIAL,  /* e^-z */
  BIASCOPE_POLYNOMIAL,   /* 1 / (1 + z) for z >= 0, 1 - z below */
  BIASCOPE_PROBIT,       /* -log Phi(z), Phi the normal distribution */
  BIASCOPE_SQUARED_HINGE /* max(0, 1 - z)^2 */
} biascope_loss;

/* How the slope falls as margins grow. It decides what training converges to (docs/losses.md). */
typedef enum {
  BS_TAIL_EXPONENTIAL, /* |l'(z)| ~ e^-z: limits are equilibria */
  BS_TAIL_GAUSSIAN,    /* ~ e^(-z^2/2): the same equilibria, where steps shrink faster than margins grow */
  BS_TAIL_POLYNOMIAL,  /* ~ z^-p: a limit of its own */
  BS_TAIL_NONE         /* 0 from a finite margin on: training stops */
} bs_tail;

/* mantissa 2^exponent, the exponent a whole number */
typedef struct {
  double mantissa, exponent;
} bs_slope;

typedef struct {
  const char *name;
  double (*log_slope)(double z); /* log |l'(z)|: the log of a sample's weight in the gradient; -inf for 0 */
  /* |l'(z_i)| for margins z_i, as weights that cannot underflow. */
  void (*weigh)(size_t count, const double *margin, bs_weight *weight);
  bs_slope (*slope)(double z);     /* |l'(z)| of one margin, in registers; NULL: see weigh */
  double (*log_value)(double z);   /* log l(z) */
  double (*slope_decay)(double z); /* -d log |l'(z)| / dz */
  /* For several classes (classes.h): |l'(z)| / sum at z = least - log sum, as mantissa 2^exponent. NULL: the loss is
   * not defined for them. */
  void (*share)(double least, double sum, double *mantissa, double *exponent);
  bs_tail tail;
  double largest_margin; /* up to which log |l'(z)| stays within BS_WEIGHT_LOG_LIMIT */
} bs_loss;

extern const bs_loss bs_loss_logistic;
extern const bs_loss bs_loss_exponential;
extern const bs_loss bs_loss_polynomial;
extern const bs_loss bs_loss_probit;
extern const bs_loss bs_loss_squared_hinge;

/* A `weigh` for a loss that has only log_slope. */
void bs_weigh_from_logs(double (*log_slope)(double z), size_t count, const double *margin, bs_weight *weight);

/* The mean of losses given by their logarithms, one at a time; {-INFINITY, 0} at the start. */
typedef struct {
  double largest, sum; /* the sum in units of e^largest */
} bs_loss_mean;
void bs_loss_mean_add(bs_loss_mean *mean, double log_value);
/* log of the mean of `count` losses; -infinity if all are zero. */
double bs_loss_mean_log(const bs_loss_mean *mean, size_t count);

/* NULL if the number, or the name, does not belong to a loss. */
const bs_loss *bs_loss_of(biascope_loss loss);
const bs_loss *bs_loss_named(const char *name);

#endif
