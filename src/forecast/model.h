/* The equation that a run follows on average: what changes slowly in closed form of what changes within an epoch.
 *
 * State: the weights w at the end of an epoch, and u_k, the log of the epoch's mean of the bias-corrected second moment
 * v_k / (1 - b2^t). With batch gradients G_j, their moving averages M_j and the squares' V_j over an epoch,
 *   dw/dt = -eta(t) (mean_j M_j / (sqrt(e^u V_j / g2 c) + eps) + decay w),   g2 = mean_j G_j^2,
 *   du/dt = (1-b2) / (1-b2^t) (g2 e^-u - 1),
 * c = 1 - b2^t without bias correction. In a random order G_j has the samples' mean and, for its square, their variance
 * over the batch's size, so that no order is drawn. In a fixed order two further passes of an evaluation step through
 * the epoch, centred on w, from the averages that the pass before found, which makes the mean exact to second order in
 * the motion over an epoch. V's mean over the epoch is e^u. Gradients of earlier epochs enter M_j with the factor by
 * which their slopes have since fallen. Full batches have a further term where they oscillate (edge.h). */
#ifndef BIASCOPE_FORECAST_MODEL_H
#define BIASCOPE_FORECAST_MODEL_H

#include "data/dataset.h"
#include "forecast/edge.h"
#include "loss/loss.h"
#include "rule/optimizer.h"

typedef struct bs_model {
  const biascope_options *options;
  const bs_loss *loss;
  size_t samples, features, batches; /* batches: of an epoch; 1 in a random order and for the full batch */
  size_t outputs, weights;           /* rows of weights: 1 of two classes; outputs x features, D below */
  const uint32_t *class_of;          /* of each sample, of several classes; borrowed */
  size_t epoch;                      /* steps of it */
  bool random;                       /* the order */
  bool refined;                      /* with the passes that step through the epoch */
  bool has_second;                   /* v is kept, and u part of the state */
  bool is_sum;                       /* v is a sum over the run, not an average */
  bool corrected;                    /* bias correction */
  bool remembers;                    /* an epoch's start is still in v at its end */
  double beta1, beta2, eps, decay;
  double noise;       /* random order: the batch gradient's variance over the samples' */
  const double *rows; /* N x d, borrowed */
  size_t *start;      /* batches + 1 */
  /* of the last evaluation; slopes are in units of e^shift */
  double shift, eta;
  int64_t exponent; /* shift = exponent log 2 */
  /* by slot, N outputs (slopes.h): */
  bs_weight *weight;              /* the negative gradient's parts of x: |l'| of two classes */
  double *margin, *slope;         /* x_i.w; that part, 0 where it underflows */
  double *motion, *change, *past; /* margins' change over an epoch; log slopes' fall; slopes of earlier epochs */
  double *fall;                   /* N: -d log|l'|/dz, z the margin or soft least margin */
  double *share;                  /* N: scratch, of the samples in a sum */
  double *score;                  /* outputs: scratch */
  double *gradient, *momentum, *second, *update; /* batches x D */
  double *inverse;                               /* batches x D: update / momentum */
  double unit, unit_eps;                         /* e^shift; eps in units of it */
  double *level;                                 /* D: e^u in the square of the slopes' unit */
  double *scale, *before_second;                 /* D: of V to what divides; V that an epoch starts with */
  double *column;                                /* 3 batches: scratch */
  double *mean_square;                           /* D: g2 */
  double *mean_second;                           /* D: mean_j V_j */
  double rate_second, beta_now;                  /* du/dt = rate_second (ratio - 1); the corrected average's decay */
  double *direction;                             /* D: the mean update */
  double *before;                                /* D: the momentum that an epoch starts with */
  double *way;                                   /* D: the weights' change along an epoch */
  double *ratio, gain;                           /* D: g2 / e^u; du/dlog t = gain (ratio - 1) */
  bs_edge edge;                                  /* of stability */
  size_t evaluations;                            /* passes over the data */
} bs_model;

/* Whether there is an equation: the update must be smooth in moments that are averages or sums of the gradient only. */
bool bs_model_covers(const biascope_options *options);
/* Whether the data, and the weights of several classes, are few enough for dense matrices. */
bool bs_model_fits(const biascope_dataset *data);
/* Multiplications of a derivative of several classes' equation and of a system with it; of two classes 0. */
double bs_model_derivative_cost(const biascope_dataset *data);
/* Whether the equation can be followed to where it ends in some seconds. */
bool bs_model_is_quick(const biascope_dataset *data);
/* The data as a dense matrix: their own, or a copy, which the caller frees. */
biascope_status bs_model_rows(const biascope_dataset *data, const double **rows, double **owned, biascope_error *error);
biascope_status bs_model_create(const biascope_dataset *data, const double *rows, const biascope_options *options,
                                bool refined, bs_model *out, biascope_error *error);
void bs_model_free(bs_model *model);

/* The state's derivative by log t: rate_w and rate_u, D each (rate_u zero where nothing is kept). */
void bs_model_evaluate(bs_model *model, double t, const double *w, const double *u, double *rate_w, double *rate_u);
/* The weights' change from an epoch's start through its first `count` steps, added to w. After an evaluation at w. */
void bs_model_add_steps(const bs_model *model, size_t count, double *w);
/* eta as a function of time whose integral over a step is the step's, to second order; of an average of gradients. */
double bs_model_rate(const biascope_options *options, double t);

#endif
