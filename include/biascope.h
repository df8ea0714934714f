/* biascope: which classifier does training find?
 *
 * On linearly separable data the logistic loss has no minimiser; the optimizer decides the
 * direction in which the weights diverge. This library trains, solves the max-margin
 * references, and predicts the limit direction.
 *
 * Conventions
 *   - A dataset has N samples (rows) and d features; labels are folded in, so row i is y_i x_i.
 *   - Arrays are double, contiguous; "direction" has d entries, "dual" has N entries in the simplex.
 *   - Every fallible function returns a status and, where `error` is not NULL, fills its message.
 *   - What a function hands out is freed by the function of the same type ending in _free.
 *   - No global state: distinct objects may be used from distinct threads at the same time.
 */
#ifndef BIASCOPE_H
#define BIASCOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BIASCOPE_VERSION "0.1.0"
#define BIASCOPE_API __attribute__((visibility("default")))

/* ---- Errors -------------------------------------------------------------------------------- */

typedef enum {
  BIASCOPE_OK = 0,
  BIASCOPE_USAGE = 1,         /* an option out of its range or options that contradict each other */
  BIASCOPE_BAD_INPUT = 2,     /* a file that cannot be read or written, or whose content is wrong */
  BIASCOPE_NOT_SEPARABLE = 3, /* no w has x_i.w > 0 for all i; a Farkas certificate says so */
  BIASCOPE_NOT_CONVERGED = 4, /* the certificate asked for was not reached */
  BIASCOPE_NO_MEMORY = 5,
  BIASCOPE_CANCELLED = 6 /* the caller's monitor said stop */
} biascope_status;

/* What went wrong, in words: names the file, line, value and what was expected. */
typedef struct {
  biascope_status status;
  char message[1024];
} biascope_error;

/* How far something long is. */
typedef struct {
  const char *what;     /* what is counted, such as "steps" or "runs" */
  uint64_t done, total; /* of those; total 0: not known */
  double fraction;      /* of the work that is done, in [0, 1]; NaN: not known */
  double seconds;       /* since it began */
  const char *note;     /* a line about what was found so far; NULL: nothing */
} biascope_progress;

/* How something long tells how far it is, and is told to stop: `tell` is called about ten times a second, by one thread
 * at a time; where it returns false, the call ends soon and returns BIASCOPE_CANCELLED. All zero, or a NULL in place of
 * a monitor: nothing is told. */
typedef struct {
  bool (*tell)(void *state, const biascope_progress *progress);
  void *state; /* given to tell */
} biascope_monitor;

/* The library's version, "major.minor.patch". */
BIASCOPE_API const char *biascope_version(void);

/* A file that is complete or absent: written beside its final name, flushed, renamed. */
typedef struct {
  FILE *stream;    /* write here */
  char *path;      /* the final name */
  char *temporary; /* the name until committed */
} biascope_output;

BIASCOPE_API biascope_status biascope_output_open(biascope_output *file, const char *path, biascope_error *error);
/* Flushes and renames; on failure nothing is left behind. Frees what the struct holds either way. */
BIASCOPE_API biascope_status biascope_output_commit(biascope_output *file, biascope_error *error);
/* Drops what was written. Harmless after a commit, and for a struct of zeros. */
BIASCOPE_API void biascope_output_abandon(biascope_output *file);

/* A number as it is printed: `most` significant digits, fewer where its uncertainty (absolute) supports fewer, so that
 * two values within it differ by one unit of the last digit at most; "-" where it is not finite. */
typedef struct {
  char text[40];
} biascope_text;
BIASCOPE_API biascope_text biascope_digits(double value, double uncertainty, int most);
/* Of a value that is never negative; "<" and a bound where it is no larger than its uncertainty. */
BIASCOPE_API biascope_text biascope_small_digits(double value, double uncertainty, int most);
/* The angle, in radians, between the direction that a relative gap certifies and the exact one. For unit vectors at an
 * angle a, margins being concave, margin(w + w*) >= (2 - gap) margin*, while |w + w*| = 2 cos(a/2): so cos(a/2) >= 1 -
 * gap/2, and a <= 2 sqrt(gap) to first order. It is a proof for the l2 norm and an estimate for others. */
BIASCOPE_API double biascope_angle_of_gap(double gap);
/* The same of a gap of rounding at least: how far below that a gap comes out depends on the processor. */
BIASCOPE_API double biascope_angle_known_to(double gap);
/* How far a cosine may be off where the angle is known to within `angle`. */
BIASCOPE_API double biascope_cosine_known_to(double cosine, double angle);

/* ---- Data ---------------------------------------------------------------------------------- */

/* N samples of d features, dense (row-major) or sparse (CSR), with the labels folded in. */
typedef struct biascope_dataset biascope_dataset;

/* What becomes of the features before the labels are folded in. */
typedef enum {
  BIASCOPE_UNSCALED,
  BIASCOPE_STANDARDIZE, /* (x - mean) / standard deviation, of each feature over the samples; dense data only */
  BIASCOPE_SCALE_MAX,   /* x / max |x|, of each feature over the samples */
  BIASCOPE_SCALE_ROWS   /* each sample is divided by its Euclidean norm */
} biascope_scaling;

/* What becomes of values that are missing (nothing, NA, ?, NaN ...). */
typedef enum {
  BIASCOPE_MISSING_REFUSED,
  BIASCOPE_MISSING_DROP, /* samples that lack one are left out */
  BIASCOPE_MISSING_MEAN  /* the mean of the feature's other values */
} biascope_missing;

/* A linear classifier, and what data must go through to be classified by it. Arrays are the owner's. */
typedef struct {
  size_t features, outputs, classes; /* outputs: 1 for two classes, else one for each */
  const double *weights;             /* outputs x features, row-major */
  const char *const *feature_name;   /* features, or NULL */
  const char *const *class_name;     /* classes, or NULL where there are none */
  size_t positive;                   /* outputs = 1: the class that is +1 */
  const double *shift, *scale;       /* feature k becomes (x - shift_k) / scale_k; NULL: neither */
  bool rows_scaled;                  /* then each sample is divided by its Euclidean norm */
  bool intercept;                    /* the last feature is 1 in every sample, and not in the file */
} biascope_model;

/* How a file is read. Zero-initialised means: what the file says by itself, labels folded in. */
typedef struct {
  const char
      *label_column;    /* text, .npy: a header's name, or a 0-based index, negative from the end; NULL: folded in */
  const char *labels;   /* a file with one label for each sample, .npy or text; NULL: none */
  const char *format;   /* csv, tsv, text, arff, libsvm, npy or npz; NULL: by the path's ending */
  char delimiter;       /* text: what separates fields, ' ' for any blanks; 0: found out by looking */
  char decimal;         /* text: '.' or ','; 0: found out by looking */
  const char *positive; /* the class that is +1, all others being -1; NULL: the larger of two */
  bool zero_based;      /* LIBSVM: indices count from 0, though none may be 0; else found out by looking */
  bool several_classes; /* more than two classes are kept apart, and their rows are not folded; else refused */
  const char *columns;  /* features to keep: names, 0-based indices and ranges a:b, separated by commas; NULL: all */
  const char *drop;     /* features to leave out, likewise */
  biascope_missing missing; /* text, .npy */
  bool one_hot;             /* text: a column of words becomes a feature of 0 and 1 for each word */
  biascope_scaling scaling;
  bool intercept;                  /* a last feature that is 1 in every sample is added */
  const biascope_model *like;      /* features, scaling, intercept and classes are this one's; NULL: the file's own */
  double held_out;                 /* the fraction of samples, chosen at random, that is left out; 0: none */
  bool held_out_part;              /* these samples are read, and the others left out */
  uint64_t seed;                   /* of the choice */
  const biascope_monitor *monitor; /* told of the bytes, as they are uncompressed, of large files; or NULL */
} biascope_read_options;

/* Reads .csv, .tsv, .txt, .dat, .data, .arff (text), .svm, .libsvm (sparse), .npy or .npz by its ending, which may have
 * .gz, .bz2, .xz or .zst after it; "-" is standard input. The formats and the rule for labels: docs/data.md. */
BIASCOPE_API biascope_status biascope_dataset_read(const char *path, const biascope_read_options *options,
                                                   biascope_dataset **out, biascope_error *error);
/* Copies samples x features row-major values; every value must be finite. */
BIASCOPE_API biascope_status biascope_dataset_from_dense(size_t samples, size_t features, const double *values,
                                                         biascope_dataset **out, biascope_error *error);
/* Copies a CSR matrix: row_start has samples + 1 entries, columns ascend within a row. */
BIASCOPE_API biascope_status biascope_dataset_from_csr(size_t samples, size_t features, const size_t *row_start,
                                                       const uint32_t *column, const double *value,
                                                       biascope_dataset **out, biascope_error *error);
/* Writes by the path's ending, atomically: the file is complete or absent. */
BIASCOPE_API biascope_status biascope_dataset_write(const biascope_dataset *data, const char *path,
                                                    biascope_error *error);
BIASCOPE_API void biascope_dataset_free(biascope_dataset *data);
BIASCOPE_API size_t biascope_dataset_samples(const biascope_dataset *data);
BIASCOPE_API size_t biascope_dataset_features(const biascope_dataset *data);
BIASCOPE_API size_t biascope_dataset_nonzeros(const biascope_dataset *data);
BIASCOPE_API bool biascope_dataset_is_sparse(const biascope_dataset *data);
/* The rows of a matrix of weights, outputs x features: 1 for two classes, else one for each class. */
BIASCOPE_API size_t biascope_dataset_outputs(const biascope_dataset *data);
/* A sample's d entries, as they are in the data set, zeros among them. */
BIASCOPE_API void biascope_dataset_row(const biascope_dataset *data, size_t sample, double *out);

/* What a person wants to know of a data set before training on it. */
typedef struct {
  size_t zero_samples;     /* rows of zeros: nothing separates them */
  size_t repeated_samples; /* rows equal to another one, beyond its first occurrence */
  size_t zero_features;    /* columns of zeros: their weights never move */
} biascope_dataset_facts;
BIASCOPE_API biascope_status biascope_dataset_describe(const biascope_dataset *data, biascope_dataset_facts *facts,
                                                       biascope_error *error);
/* The column's name in the file; NULL where it has none. */
BIASCOPE_API const char *biascope_dataset_feature_name(const biascope_dataset *data, size_t feature);
/* How many classes the labels name, numbers in their order, names in that of their bytes; 0: folded in, without names.
 * The rows of more than two are not folded, so that a single direction says nothing of them. */
BIASCOPE_API size_t biascope_dataset_classes(const biascope_dataset *data);
BIASCOPE_API const char *biascope_dataset_class_name(const biascope_dataset *data, size_t class_index);
BIASCOPE_API size_t biascope_dataset_class_samples(const biascope_dataset *data, size_t class_index);
/* The classifier of these weights (d, or classes x d, the caller's) for data that are treated as these were. Its arrays
 * are the data set's. */
BIASCOPE_API biascope_model biascope_dataset_model(const biascope_dataset *data, size_t outputs, const double *weights);
/* Writes by the ending: .json (with names, classes, scale and intercept, so that biascope_read_options.like can follow
 * them), .csv (a header of names, where there are any) or .npy; complete or absent. */
BIASCOPE_API biascope_status biascope_model_write(const biascope_model *model, const char *path, biascope_error *error);

typedef struct {
  size_t samples, classes; /* classes: 0 where labels are folded in */
  double accuracy;         /* the share of samples that are classified correctly */
  double *margins;         /* samples: y x.w, or x.w_y - max x.w_j over the other classes j */
  size_t *confusion; /* classes x classes: of samples of the row's class, how many are given the column's. Where one of
                      * more classes is told from the others: 2 x 2, the others first */
} biascope_application;

/* Classifies data that were read with options.like = model. */
BIASCOPE_API biascope_status biascope_model_apply(const biascope_model *model, const biascope_dataset *data,
                                                  biascope_application *out, biascope_error *error);
BIASCOPE_API void biascope_application_free(biascope_application *application);

/* The class of each sample, by its index, or NULL; the data set's own. */
BIASCOPE_API const uint32_t *biascope_dataset_labels(const biascope_dataset *data);
/* Whether the rows of the class -1 are negated, or labels were folded in by whoever wrote them. */
BIASCOPE_API bool biascope_dataset_is_folded(const biascope_dataset *data);
/* The same samples and classes with a last feature that is 1 before folding; of data with classes. */
BIASCOPE_API biascope_status biascope_dataset_with_intercept(const biascope_dataset *data, biascope_dataset **out,
                                                             biascope_error *error);
/* What the reader found out or left out, a sentence each. */
BIASCOPE_API size_t biascope_dataset_notes(const biascope_dataset *data);
BIASCOPE_API const char *biascope_dataset_note(const biascope_dataset *data, size_t note);

typedef enum {
  BIASCOPE_GAUSSIAN,         /* standard normal entries */
  BIASCOPE_RADEMACHER,       /* generalised Rademacher: row i is i + 1 times signs */
  BIASCOPE_SHIFTED_DIAGONAL, /* x_i = (i + 1) e_i + delta sum_{j != i} e_j, as many samples as features */
  BIASCOPE_TEACHER           /* standard normal, labelled by a random hyperplane, with a margin */
} biascope_generator;

typedef struct {
  size_t samples, features;
  uint64_t seed;
  double margin;   /* teacher: least distance to the hyperplane */
  double delta;    /* shifted diagonal: the off-diagonal value */
  size_t nonzeros; /* teacher: sparse rows of this many random features; 0: dense */
} biascope_generate_options;

/* How people write it: "gaussian", "rademacher", ...; NULL for a number that is no generator. */
BIASCOPE_API const char *biascope_generator_name(biascope_generator kind);
/* Synthetic data, a function of the options alone; every kind but gaussian is separable by construction. */
BIASCOPE_API biascope_status biascope_dataset_generate(biascope_generator kind,
                                                       const biascope_generate_options *options, biascope_dataset **out,
                                                       biascope_error *error);

/* ---- Max-margin references ----------------------------------------------------------------- */

typedef enum {
  BIASCOPE_L2,
  BIASCOPE_LINF,
  BIASCOPE_L1,
  BIASCOPE_LP,          /* any 1 < p < infinity */
  BIASCOPE_MAHALANOBIS, /* ||w||_M = sqrt(sum_k M_k w_k^2); two classes alone */
  BIASCOPE_SPECTRAL,    /* the largest singular value of the weights as a matrix, */
  BIASCOPE_NUCLEAR      /* and the sum of all; both l2 for two classes, whose weights are one row */
} biascope_norm_kind;

typedef struct {
  biascope_norm_kind kind;
  double p;             /* BIASCOPE_LP only */
  const double *metric; /* BIASCOPE_MAHALANOBIS only: the d diagonal entries of M, all > 0 */
} biascope_norm;

typedef struct {
  double tolerance;   /* relative gap asked for; 0: 1e-10, or what rounding the pair to doubles costs if more */
  int max_iterations; /* 0: the solver's own limit */
} biascope_solve_options;

/* A max-margin solution with its certificate: for any c in the simplex,
 * min_i x_i.w / ||w|| <= gamma* <= ||X'c||_dual, so (direction, dual) proves the margin to within gap.
 * Of k > 2 classes the weights are k x d, row-major, the norms those of their entries (l2: Frobenius), and a sample x
 * of class y stands for k - 1 rows, those of (w_y - w_j).x for every other class j in turn: N (k - 1) in all. */
typedef struct {
  double margin;         /* min_i x_i.w / ||w||, evaluated at direction */
  double upper_bound;    /* ||X'c||_dual, evaluated at dual */
  double gap;            /* (upper_bound - margin) / upper_bound */
  double *direction;     /* outputs x d, of norm 1 in the norm that was asked for */
  double *dual;          /* of each row, in the simplex; a Farkas certificate (X'c = 0) where not separable */
  size_t support;        /* number of positive entries of dual */
  bool unique;           /* whether the solution direction is unique */
  size_t face_dimension; /* dimension of the set of optimal directions: 0 where unique */
  size_t samples, features;
  size_t outputs, rows; /* 1 and N; of k > 2 classes k and N (k - 1) */
} biascope_margin;

/* The max-margin direction of the norm. BIASCOPE_NOT_SEPARABLE: out->dual holds the Farkas certificate,
 * out->upper_bound its residual, max_k |sum_i c_i x_ik| / sum_i c_i |x_ik|, and direction is zero.
 * BIASCOPE_NOT_CONVERGED: out holds the best certified pair. Free out in all three cases; after any other error it
 * holds nothing. */
BIASCOPE_API biascope_status biascope_margin_solve(const biascope_dataset *data, biascope_norm norm,
                                                   const biascope_solve_options *options, biascope_margin *out,
                                                   biascope_error *error);
BIASCOPE_API void biascope_margin_free(biascope_margin *margin);
/* Of more than two classes: whether each pair by itself is separable, BIASCOPE_OK, or BIASCOPE_NOT_SEPARABLE, or
 * undecided, BIASCOPE_NOT_CONVERGED, into the symmetric matrix decision, classes x classes; a class is not separable
 * from itself. Every pair may be where all classes together are not. */
BIASCOPE_API biascope_status biascope_classes_decide(const biascope_dataset *data, biascope_status *decision,
                                                     biascope_error *error);
/* A rough estimate of what a solve takes, in seconds of one core: within a factor of three or so where it is above a
 * second. norm: L2, LINF or L1. */
BIASCOPE_API double biascope_margin_seconds(const biascope_dataset *data, biascope_norm_kind norm);

/* min_i x_i.w / ||w||, over the rows and outputs x d weights of biascope_margin; 0 for w = 0. */
BIASCOPE_API double biascope_margin_of(const biascope_dataset *data, biascope_norm norm, const double *w);

/* The cosine and the angle (radians, exact however small; may be NULL) between w and the nearest optimal direction:
 * with solution->direction where it is unique, else with the point of the optimal face that is nearest, or, where none
 * is within 90 degrees, with solution->direction. nearest: d entries, of norm 1 in the norm, or NULL.
 * BIASCOPE_NOT_CONVERGED, and a cosine of NaN, where the face is too large to be searched: more than 1000 entries may
 * vary. */
BIASCOPE_API biascope_status biascope_margin_cosine(const biascope_dataset *data, biascope_norm norm,
                                                    const biascope_margin *solution, const double *w, double *cosine,
                                                    double *angle, double *nearest, biascope_error *error);

/* ---- Data that are not separable ----------------------------------------------------------- */

/* Any data set falls into two parts (Ji and Telgarsky 2019): the samples that some w has x_i.w > 0 on while x_i.w = 0
 * on all others, and those others, which combine to zero. On the latter the loss has a finite minimiser; along the
 * former training runs away. Proof of both: direction and dual. */
typedef struct {
  bool *separable; /* N: which part a sample is in */
  size_t separable_count;
  double *dual;    /* N: in the simplex with X'c = 0, c_i > 0 exactly on the inseparable part; 0 where that is empty */
  double residual; /* max_k |sum_i c_i x_ik| / sum_i c_i |x_ik| */
  double *direction; /* d: of norm 1, the l2 max margin of the separable part among w orthogonal to the other; or 0 */
  double margin;     /* min x_i.direction over the separable part */
  double leak;       /* max |x_i.direction| / ||x_i||_2 over the inseparable part, which rounding leaves */
  double *basis;     /* rank x d, row-major: orthonormal, of the span of the inseparable part */
  size_t rank;
  size_t samples, features;
} biascope_parts;

/* BIASCOPE_NOT_CONVERGED: rounding cannot tell the parts. On any failure out holds nothing. */
BIASCOPE_API biascope_status biascope_parts_find(const biascope_dataset *data, biascope_parts *out,
                                                 biascope_error *error);
BIASCOPE_API void biascope_parts_free(biascope_parts *parts);
/* The part of w inside the span of the inseparable samples: d entries written. */
BIASCOPE_API void biascope_parts_project(const biascope_parts *parts, const double *w, double *inside);

/* Weights in the two parts' terms. NaN where there is no such part. */
typedef struct {
  double cosine;   /* of their part outside the inseparable span with the direction */
  double distance; /* of their part inside from the minimiser */
  double length;   /* of the minimiser */
} biascope_parts_measurement;
/* minimiser: d, of the loss on the inseparable part; NULL: not known. w: d. */
BIASCOPE_API biascope_status biascope_parts_measure(const biascope_parts *parts, const double *minimiser,
                                                    const double *w, biascope_parts_measurement *out,
                                                    biascope_error *error);

/* ---- Options of training --------------------------------------------------------------------- */

/* What training, its prediction and its diagnosis read: the optimizer, the loss, the batches, the step size. Every
 * option has a name and a value, both written as text, as on the command line ("batch_size" for --batch-size) and in
 * studies. The names, ranges and defaults, and which optimizer reads what: docs/options.md. */
typedef struct biascope_options biascope_options;

/* Options at the optimizer's usual values. `optimizer`: "adam", "gd", ... as docs/options.md lists them; NULL: "adam".
 * BIASCOPE_USAGE: there is no such optimizer. Freed with biascope_options_free. */
BIASCOPE_API biascope_status biascope_options_create(const char *optimizer, biascope_options **out,
                                                     biascope_error *error);
/* Sets one option. BIASCOPE_USAGE, with a message that says what was expected, for an unknown name or a value out of
 * its range; the options are then as before. Setting "optimizer" gives every option that was not set by name the new
 * optimizer's usual value. */
BIASCOPE_API biascope_status biascope_options_set(biascope_options *options, const char *name, const char *value,
                                                  biascope_error *error);
/* Writes the value of one option as biascope_options_set reads it, real numbers to the last bit, into `value` of `size`
 * characters; 64 are enough. */
BIASCOPE_API biascope_status biascope_options_get(const biascope_options *options, const char *name, char *value,
                                                  size_t size, biascope_error *error);
/* Whether a run with these options reads the option of that name; false for an unknown name. */
BIASCOPE_API bool biascope_options_reads(const biascope_options *options, const char *name);
/* Whether the options go together, for data of so many samples (0: not known yet); the functions that take options ask
 * it themselves. BIASCOPE_USAGE: the message names the options at fault. An option that was set and that a run does not
 * read is at fault where it differs from its usual value, as it would do nothing. */
BIASCOPE_API biascope_status biascope_options_check(const biascope_options *options, size_t samples,
                                                    biascope_error *error);
BIASCOPE_API void biascope_options_free(biascope_options *options);
/* Batches, and so steps, of an epoch over so many samples; the step size eta_t of the step after `step` steps. */
BIASCOPE_API size_t biascope_options_epoch(const biascope_options *options, size_t samples);
BIASCOPE_API double biascope_options_learning_rate(const biascope_options *options, uint64_t step);
/* The part of the best linf margin that theory guarantees an update of signs at this misalignment (biascope_alignment):
 * 1 - 2 misalignment / best, at least 0 (Section 5 of the paper); NaN for updates that are no signs. */
BIASCOPE_API double biascope_options_guaranteed(const biascope_options *options, double misalignment, double best);

/* Whether the run after so many steps is on the path of vanishing steps (biascope_predict's `steps`): its update does
 * not depend on the gradient's size. Else biascope_forecast says where it is. */
BIASCOPE_API bool biascope_options_follow_path(const biascope_options *options);

typedef enum {
  BIASCOPE_OPTION_REAL,   /* a real number */
  BIASCOPE_OPTION_WHOLE,  /* a whole number */
  BIASCOPE_OPTION_CHOICE, /* one of some names */
  BIASCOPE_OPTION_FLAG    /* "true" or "false" */
} biascope_option_type;

/* An option in words; the strings that are not arrays are static. */
typedef struct {
  const char *name;
  biascope_option_type type;
  const char *placeholder; /* for its value in a help text, such as "B" */
  const char *help;        /* what it does */
  char usual[64];          /* its value where none is set; "" where that depends on the optimizer */
  char expected[512];      /* what its value may be, such as "a whole number from 1 to 10" */
} biascope_option;

/* There are biascope_option_count() options; writes the one of that index, which is below it. */
BIASCOPE_API size_t biascope_option_count(void);
BIASCOPE_API void biascope_option_describe(size_t index, biascope_option *out);

/* ---- Training ------------------------------------------------------------------------------ */

/* The minimiser, within their span, of the sum of losses over the inseparable samples: d entries written. On the way
 * there the sum of |l'(z_i)| x_i falls to `residual` times that of |l'(z_i)| ||x_i||_2. `loss`: as the option of that
 * name; BIASCOPE_USAGE: there is no such loss. */
BIASCOPE_API biascope_status biascope_parts_minimise(const biascope_dataset *data, const biascope_parts *parts,
                                                     const char *loss, double *minimiser, double *residual,
                                                     biascope_error *error);

/* A run in progress. Starts at w = 0. Gradients and moments carry exponents of their own, so that nothing
 * underflows however far the run goes. The dataset must outlive the trainer. */
typedef struct biascope_trainer biascope_trainer;

BIASCOPE_API biascope_status biascope_trainer_create(const biascope_dataset *data, const biascope_options *options,
                                                     biascope_trainer **out, biascope_error *error);
/* Advances by `steps` optimizer steps (batches). Allocates nothing. */
BIASCOPE_API biascope_status biascope_trainer_run(biascope_trainer *trainer, uint64_t steps, biascope_error *error);
/* Takes `steps` steps of each of `count` trainers, to the bits that each would reach alone, in less time: neighbours of
 * one dataset (dense, of few features), optimizer, loss, batch size and step share vectors, 8 at a time. No trainer may
 * be named twice. Where memory is lacking some may have taken their steps and others not. biascope_trainer_run of 0
 * steps says of each whether it stayed within what can be followed. */
BIASCOPE_API biascope_status biascope_trainers_run(biascope_trainer *const *trainers, size_t count, uint64_t steps,
                                                   biascope_error *error);
/* Steps until `step` steps are behind the run, in slices short enough to tell the monitor (NULL: none) and to stop
 * soon. */
BIASCOPE_API biascope_status biascope_trainer_run_to(biascope_trainer *trainer, uint64_t step,
                                                     const biascope_monitor *monitor, biascope_error *error);
BIASCOPE_API void biascope_trainer_free(biascope_trainer *trainer);

/* Which steps of a run are recorded: `per_decade` in each decade, evenly on a log scale, and the last; 0: the last
 * alone. The first recorded step after `step`, at most `last`. */
BIASCOPE_API uint64_t biascope_record_next(uint64_t step, uint64_t last, unsigned per_decade);

BIASCOPE_API uint64_t biascope_trainer_step(const biascope_trainer *trainer);
/* The current weights, outputs x d row-major (biascope_dataset_outputs), owned by the trainer, valid until the next
 * call on it. */
BIASCOPE_API const double *biascope_trainer_weights(const biascope_trainer *trainer);
/* log of the mean loss over all samples at the current weights; finite where the loss itself underflows;
 * -infinity where it is zero. */
BIASCOPE_API double biascope_trainer_log_loss(const biascope_trainer *trainer);

/* Whether the moment buffers still hold old gradients. A moving average never exceeds the largest of what it averages:
 * where it is beyond every sample's gradient at the current weights, it is made of gradients long outgrown, and the
 * step follows those. It comes to that where the gradient fades faster per step than the buffer forgets: eta gamma > 1
 * - b1 for the momentum, 2 eta gamma > 1 - b2 for the second moment. */
typedef struct {
  bool momentum_stale, second_moment_stale; /* the excess below is above 2 */
  double momentum_excess;                   /* ||m||_1 / max_i |l'(x_i.w)| ||x_i||_1; 0 without momentum */
  double second_moment_excess;              /* ||sqrt(v)||_inf / max_i |l'(x_i.w)| ||x_i||_inf; 0 without beta2 */
} biascope_staleness;
BIASCOPE_API biascope_staleness biascope_trainer_staleness(const biascope_trainer *trainer);

/* How far the momentum strays from the full gradient, in units of G = mean_i |l'(x_i.w)| at `weights` (d; NULL: the
 * current ones). A step of eta sign(m) lowers the loss by at least eta (||grad L||_1 - 2 ||m - grad L||_1), up to
 * O(eta^2), and ||grad L||_1 is at least the best linf margin times G, so that the margin ends above the best one less
 * twice the misalignment (Section 5 of the paper). */
typedef struct {
  double misalignment; /* ||m - grad L||_1 / G; infinite where m is beyond double's range; NaN where G is 0 */
  double gradient;     /* ||grad L||_1 / G */
  double log_slope;    /* log G */
} biascope_alignment;
BIASCOPE_API biascope_status biascope_trainer_alignment(const biascope_trainer *trainer, const double *weights,
                                                        biascope_alignment *out, biascope_error *error);

/* The complete state, so that a resumed run continues bit for bit. Resuming checks that data and options agree. */
BIASCOPE_API biascope_status biascope_trainer_save(const biascope_trainer *trainer, const char *path,
                                                   biascope_error *error);
BIASCOPE_API biascope_status biascope_trainer_resume(biascope_trainer *trainer, const char *path,
                                                     biascope_error *error);

/* ---- The limit direction, without training -------------------------------------------------- */

/* How it is made sure that training goes to the equilibrium found. */
typedef enum {
  BIASCOPE_CONFIRM_FLOW, /* by the differential equation that small steps follow: milliseconds */
  BIASCOPE_CONFIRM_RUN,  /* by a run of small steps: from a tenth of a second to some seconds */
  BIASCOPE_CONFIRM_NONE  /* not at all */
} biascope_confirm;

typedef struct {
  double tolerance;         /* gap asked for; 0: 1e-10 */
  size_t sample_length;     /* shuffle and replacement: steps of the fixed random sequence; 0: chosen */
  uint64_t steps;           /* predict the point after so many steps instead of the limit; 0: the limit */
  size_t starts;            /* cyclic order: look for other equilibria from so many random points too */
  double effort;            /* multiplications that the search may take, 2 10^9 a second; 0: whatever it takes */
  biascope_confirm confirm; /* of the limit; a point after so many steps is not confirmed */
} biascope_predict_options;

/* What training does in the long run. */
typedef enum {
  BIASCOPE_LIMIT_DIRECTION,      /* margins grow for ever along a direction */
  BIASCOPE_LIMIT_REST,           /* it comes to rest: margins stop growing */
  BIASCOPE_LIMIT_RUNAWAY,        /* the update is unbounded: weights outgrow sum eta */
  BIASCOPE_LIMIT_NOT_SEPARATING, /* the least margin falls without end although the data are separable */
  BIASCOPE_LIMIT_UNSETTLED       /* none of these was found */
} biascope_limit_kind;

/* An equilibrium c* of the epoch map D(c), and the direction D(c*) training converges to. Mathematics: docs/limit.md.
 */
typedef struct {
  double *direction;     /* d, of Euclidean norm 1 */
  double *dual;          /* c*, N entries in the simplex */
  double gap;            /* (c.F - min F) / |c.F| with F = X D(c*); for max-margin limits the solver's gap */
  double rate;           /* growth of the least margin per unit of sum eta; NaN where training slows to log t */
  size_t support;        /* number of positive entries of dual */
  double standard_error; /* of the direction (angle, radians), from the sampled order; 0 for closed forms */
  bool unique;           /* false: several directions share the optimum, this is one of them */
  double log_loss;       /* after options.steps steps; NaN for the limit */
  double handover_step;  /* eps > 0: the step about which sqrt(v) shrinks to eps and the limit becomes l2; else NaN */
  const char *method;    /* how it was found, a static string */
  size_t samples, features;
  size_t starts;            /* random points that were searched from, as far as the effort allowed */
  size_t others;            /* equilibria that attract from some of them, beside the one that attracts from w = 0 */
  double *other_directions; /* others x d row-major, of Euclidean norm 1 */
  biascope_limit_kind kind;
  bool confirmed;           /* that training does what `kind` says, and for a direction goes there */
  const char *confirmed_by; /* "run", "path", "flow" or "theorem", a static string; NULL: not confirmed */
  double increment_cosine;  /* between the direction and the last increment of the confirming run; NaN without one */
  double run_settled;       /* cosine of the run's last increment, over half of its steps, and the one before */
  uint64_t run_steps;       /* steps of the confirming run; 0 without one */
  double *run_direction;    /* d: the run's last increment, of Euclidean norm 1; NULL without one */
} biascope_prediction;

/* The direction that training with these options converges to, or what it does instead (kind). BIASCOPE_OK: its gap
 * is within the tolerance and, if options->confirm asks for that, it is confirmed. BIASCOPE_NOT_CONVERGED: out holds
 * the best point found, its gap, and what a run has shown. On any other failure out holds nothing. */
BIASCOPE_API biascope_status biascope_predict(const biascope_dataset *data, const biascope_options *training,
                                              const biascope_predict_options *options, biascope_prediction *out,
                                              biascope_error *error);
BIASCOPE_API void biascope_prediction_free(biascope_prediction *prediction);

/* AdamProxy's dual fixed point c = T(c) and the metric M(c) = sqrt(sum_j c_j^2 x_j^2) of its norm.
 * metric: d entries written, or NULL. The direction is the max-margin solution of ||.||_M. */
BIASCOPE_API biascope_status biascope_adamproxy_fixed_point(const biascope_dataset *data, biascope_prediction *out,
                                                            double *metric, biascope_error *error);

/* ---- The run itself, without taking its steps --------------------------------------------------- */

/* Where training is after any number of steps. The first epochs are stepped; from there an averaged equation is
 * followed in the logarithm of time, so that 10^12 steps cost little more than 10^5. Mathematics: docs/forecast.md. */
typedef struct biascope_forecast biascope_forecast;

typedef struct {
  const char *method;    /* what was done, a static string */
  double error_estimate; /* of the direction, radians: three times it covers nearly every run; 0: exact steps */
  uint64_t steps_taken;  /* exact ones of a single run */
  size_t evaluations;    /* passes over the data beside them */
  double log_loss;       /* log of the mean loss at the weights */
  double weight_norm;    /* Euclidean */
  double margin;         /* min_i x_i.w / ||w||_2 */
  double accuracy;       /* share of samples with x_i.w > 0 */
} biascope_forecast_quality;

/* steps: how far the forecast will go. The dataset must outlive it. BIASCOPE_NOT_CONVERGED: the run cannot be followed
 * by averages and is too long to step. */
BIASCOPE_API biascope_status biascope_forecast_create(const biascope_dataset *data, const biascope_options *options,
                                                      uint64_t steps, biascope_forecast **out, biascope_error *error);
/* To the given step, at least the last one; the start of a random order is that of this seed. */
BIASCOPE_API biascope_status biascope_forecast_advance(biascope_forecast *forecast, uint64_t step,
                                                       biascope_error *error);
/* The d weights there, owned by the forecast, valid until the next call on it. */
BIASCOPE_API const double *biascope_forecast_weights(const biascope_forecast *forecast);
BIASCOPE_API biascope_forecast_quality biascope_forecast_quality_of(const biascope_forecast *forecast);
BIASCOPE_API void biascope_forecast_free(biascope_forecast *forecast);

/* ---- A problem: data, and what is known of them -------------------------------------------------- */

/* Nothing is computed before it is asked for, and nothing twice: the first thread that asks computes, others wait, and
 * what was found is kept until the problem is freed, which owns it. */
typedef struct biascope_problem biascope_problem;

/* The data must outlive the problem. */
BIASCOPE_API biascope_status biascope_problem_create(const biascope_dataset *data, biascope_problem **out,
                                                     biascope_error *error);
BIASCOPE_API void biascope_problem_free(biascope_problem *problem);
BIASCOPE_API const biascope_dataset *biascope_problem_data(const biascope_problem *problem);
/* The monitor (NULL: none) is told what is about to be computed, by the thread that computes it; where it says stop,
 * that call returns BIASCOPE_CANCELLED. */
BIASCOPE_API void biascope_problem_watch(biascope_problem *problem, const biascope_monitor *monitor);

/* The max margin of L2, LINF or L1. *out, with its certificate: after BIASCOPE_OK, BIASCOPE_NOT_SEPARABLE and
 * BIASCOPE_NOT_CONVERGED, as of biascope_margin_solve; else NULL. */
BIASCOPE_API biascope_status biascope_problem_margin(biascope_problem *problem, biascope_norm_kind norm,
                                                     const biascope_margin **out, biascope_error *error);
/* Whether the data are separable: BIASCOPE_OK, with a direction of any positive l2 margin, or BIASCOPE_NOT_SEPARABLE.
 */
BIASCOPE_API biascope_status biascope_problem_separable(biascope_problem *problem, const biascope_margin **certificate,
                                                        biascope_error *error);
/* The parts of data that are not separable, and the minimiser of a loss (as the option of that name) on the inseparable
 * one: d weights. NULL after any failure. */
BIASCOPE_API biascope_status biascope_problem_parts(biascope_problem *problem, const biascope_parts **out,
                                                    biascope_error *error);
BIASCOPE_API biascope_status biascope_problem_minimiser(biascope_problem *problem, const char *loss, const double **out,
                                                        biascope_error *error);
/* AdamProxy's limit, and that of training with any options (biascope_predict, with that effort). *out: after
 * BIASCOPE_OK and BIASCOPE_NOT_CONVERGED; else NULL. BIASCOPE_USAGE: these options have no limit that is known. */
BIASCOPE_API biascope_status biascope_problem_proxy(biascope_problem *problem, const biascope_prediction **out,
                                                    biascope_error *error);
BIASCOPE_API biascope_status biascope_problem_limit(biascope_problem *problem, const biascope_options *options,
                                                    double effort, const biascope_prediction **out,
                                                    biascope_error *error);

/* What weights are compared with: the max margins of L2, LINF and L1, by the number of the norm, and AdamProxy's limit.
 */
enum { BIASCOPE_REFERENCE_NORMS = 3, BIASCOPE_PROXY = 3, BIASCOPE_REFERENCES = 4 };
/* A set of references: bit 1 << r for reference r. */
typedef unsigned biascope_reference_set;
#define BIASCOPE_ALL_NORMS ((biascope_reference_set)7)
/* "l2", "linf", "l1", "proxy"; NULL for a number that is no reference. */
BIASCOPE_API const char *biascope_reference_name(size_t reference);

/* One direction, measured. NaN where there is nothing to measure against: the reference was not asked for, or could not
 * be certified. */
typedef struct {
  double log_loss;                         /* of the mean loss, where the caller knows it (biascope_trainer_log_loss) */
  double weight_norm;                      /* ||w||_2, over all entries */
  double accuracy;                         /* the share of samples on their own side: of a positive margin */
  double margin[BIASCOPE_REFERENCE_NORMS]; /* the least margin / ||w||, whatever is asked for: of x_i.w or, of several
                                            * classes, of (w_y - w_j).x_i over the classes j beside i's own, y */
  double ratio[BIASCOPE_REFERENCE_NORMS];  /* of the best margin */
  double cosine[BIASCOPE_REFERENCES];      /* with the nearest of several max-margin directions */
  double angle[BIASCOPE_REFERENCES];       /* the same in radians, exact however small */
  double known_to[BIASCOPE_REFERENCES];    /* the angle, in radians, to which the reference is known */
  double cosine_predicted;                 /* with the limit; with the nearest where that is one of several */
} biascope_measurement;
/* One of the measures: each has one name, in JSON, traces, stores and plots. The strings are static. */
typedef struct {
  const char *name;          /* "cosine_l2": in traces, stores and plots; the family, '_' and what it is of */
  const char *family, *of;   /* in JSON: "cosine":{"l2": ...}; `of` NULL: "log_loss": ... */
  const char *title, *label; /* in lists, and on the axes of plots */
  size_t offset;             /* of the member of biascope_measurement */
  bool recorded;             /* in the traces of stored runs */
  bool of_limit;             /* the predicted direction has it as well: "limit_cosine_l2" */
} biascope_measure;
/* There are biascope_measure_count() measures; the one of that index, which is below it; its value. */
BIASCOPE_API size_t biascope_measure_count(void);
BIASCOPE_API const biascope_measure *biascope_measure_at(size_t index);
BIASCOPE_API double biascope_measure_of(const biascope_measure *measure, const biascope_measurement *measured);

/* Measures w (outputs x d) against the references asked for, which are computed where they are not known yet, and
 * against the limit, where it is not NULL. */
BIASCOPE_API biascope_status biascope_problem_measure(biascope_problem *problem, biascope_reference_set references,
                                                      const biascope_prediction *limit, const double *w,
                                                      biascope_measurement *out, biascope_error *error);

/* ---- What a run will do, and what would do better, without training ------------------------------ */

typedef struct {
  biascope_norm_kind norm; /* whose max margin is wanted: L2, LINF or L1 */
  double fraction;         /* of that norm's best margin, in (0, 1) */
  uint64_t steps;          /* within so many steps */
} biascope_goal;

typedef struct {
  biascope_prediction limit; /* where the run goes, */
  bool certified;            /* if this could be certified */
  double fraction[3];        /* of the best l2, linf and l1 margin that the limit has; NaN if it is not certified */
  /* Steps at which the buffers have caught up, by eta_t rate against what beta forgets a step; 0: they never lag,
   * infinity: they never catch up. */
  double momentum_stale_until, second_moment_stale_until;
  /* max_t ||m_t - grad L||_1 / G at the limit, G the mean of |l'| over the samples: a sign update's linf margin is at
   * least the best one less twice this (Section 5 of the paper). For a random order, of 4096 steps of it. */
  double misalignment;
  /* gd: the loss's curvature at w = 0, the largest eigenvalue of l''(0) X'X / N, and the largest step size that
   * descends it, 2 (1+b1) / ((1-b1) curvature); the step at which eta_t has come down to it, 0 for a start below it and
   * infinity for a constant step size above it. NaN for optimizers whose steps do not grow with the gradient. */
  double curvature, largest_lr, descends_from;
  double guaranteed; /* the fraction of the best linf margin that this leaves; NaN for updates that are no signs */
  biascope_options *recommended; /* freed with the diagnosis */
  double expected; /* fraction of the wanted margin that these have after goal->steps; NaN where it cannot be told */
  bool expected_is_measured; /* by a run of these steps; else told from the path that small steps follow */
} biascope_diagnosis;

/* biascope_predict's failures but BIASCOPE_NOT_CONVERGED, on which out holds nothing; on success, a diagnosis to free.
 */
BIASCOPE_API biascope_status biascope_diagnose(const biascope_dataset *data, const biascope_options *training,
                                               const biascope_goal *goal, biascope_diagnosis *out,
                                               biascope_error *error);
BIASCOPE_API void biascope_diagnosis_free(biascope_diagnosis *diagnosis);

#ifdef __cplusplus
}
#endif
#endif
