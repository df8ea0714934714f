/* A prediction, and the run that it is compared with. */
#ifndef BIASCOPE_CONFIRM_CONFIRMATION_H
#define BIASCOPE_CONFIRM_CONFIRMATION_H

#include "confirm/run.h"

/* Where the path of small steps from the middle of a run leads. */
typedef struct {
  bs_run_name from;    /* the run */
  bool agrees;         /* it gains what the run gains over its last half */
  double *direction;   /* d: in which weights grow at its end */
  double *log_weights; /* a row of the margins each: log |l'| there */
  bool settled;        /* that has settled */
  double speed;        /* of the weights there, per unit of sum eta */
  double error;        /* the standard error of `direction` in radians, in a random order */
  double falls;        /* standard errors by which the growth of the margins that decide there is below 0 */
  double *updates;     /* of an epoch of signs, steps x d; NULL where they may not be watched */
} bs_path_end;

/* What a search from the weights of a run found. */
typedef struct {
  bs_run_name from;
  biascope_prediction prediction; /* without arrays if there is none */
  bool equilibrium;
  bool same; /* as the answer */
} bs_search_result;

typedef struct {
  const biascope_dataset *data;
  const biascope_options *training;
  const biascope_predict_options *options;
  biascope_prediction *answer;
  double gap;       /* the gap up to which a point is an equilibrium */
  bool equilibrium; /* the answer is an equilibrium */
  bool adopted;     /* the answer was found from the weights of a run */
  bool repels;      /* so was the answer again, and training does not stay there */
  bs_run run;
  bool followed;          /* a run of smaller steps than any other is on its path, which has led nowhere */
  bs_path_end path;       /* of the last run from which it was followed; owned */
  bs_search_result found; /* of the last run from which was searched, and not adopted; owned */
  double *searched;       /* the increment of the last run from which was searched in a random order, or NULL; owned */
} bs_confirmation;

/* What a theorem guarantees, whatever a run shows in its steps: gradient descent, and rules that turn into it. */
bool bs_limit_is_theorem(const biascope_options *training);

/* 1 - cos up to which a run, or the end of a flow, agrees with a direction. */
#define BS_AGREES 3e-4

/* How many weights a prediction is of. */
size_t bs_confirmation_weights(const biascope_prediction *prediction);
/* 1 - cos between the last increment of the run and the direction; and up to which the two agree. */
double bs_run_distance(const bs_confirmation *c, const biascope_prediction *prediction);
double bs_run_allowance(const biascope_prediction *prediction);
/* Whether its standard error is smaller than what a run may be away from it. */
bool bs_is_precise(const biascope_prediction *prediction);
/* Whether the run's last increment is nearer to the prediction than the one before. */
bool bs_run_nears(const bs_confirmation *c, const biascope_prediction *prediction);
/* Whether the run's increments change less than those of a run on its way to the prediction would. */
bool bs_run_stays(const bs_confirmation *c, const biascope_prediction *prediction);
/* Whether the run has settled, and goes where the prediction says, at its rate. */
bool bs_run_agrees(const bs_confirmation *c, const biascope_prediction *prediction);
/* Whether updates are signs; in a fixed order, so that they slide; */
bool bs_updates_are_signs(const bs_confirmation *c);
bool bs_updates_slide(const bs_confirmation *c);
/* and whether updates are signs in a fixed order, and few enough to be looked at one by one. */
bool bs_updates_may_be_watched(const bs_confirmation *c);
biascope_limit_kind bs_limit_kind_of(const bs_confirmation *c, const biascope_prediction *prediction);
/* The part of a direction that is common to all classes becomes that of the run, where no equilibrium decides it. */
void bs_take_common_part(const bs_confirmation *c, biascope_prediction *prediction);

/* Appends a direction to the other equilibria. */
biascope_status bs_keep_other(biascope_prediction *to, const double *direction, biascope_error *error);
/* Whether the path of small steps is that of the run over its last half, and leads to the prediction; NULL: follows it
 * only, to where it leads. There is no such path for constant steps. */
biascope_status bs_path_leads_to(bs_confirmation *c, const biascope_prediction *prediction, bool *leads,
                                 biascope_error *error);
/* Whether a settled path, which is the run's over its last half, ends where a margin falls; and how fast. */
bool bs_path_worsens(const bs_confirmation *c, double *growth);
/* Whether the path followed from the run ends in the prediction, and does so whatever the run gained. */
bool bs_path_arrives(const bs_confirmation *c, const biascope_prediction *prediction);
void bs_path_end_free(bs_path_end *path);
void bs_search_result_free(bs_search_result *found);
/* Searches for an equilibrium from the end of the path that was followed from the run, which becomes the answer if the
 * path ends in it. */
biascope_status bs_search_from_path(bs_confirmation *c, bool *adopted, biascope_error *error);
/* Searches for an equilibrium from the run's weights, which becomes the answer where the run agrees with it. by_path:
 * where the path of small steps leads there. */
biascope_status bs_search_from_run(bs_confirmation *c, bool by_path, bool *adopted, biascope_error *error);

#endif
