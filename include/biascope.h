/* biascope: which classifier does training find?
 *
 * On linearly separable data the logistic loss has no minimiser; the optimizer decides the
 * direction in which the weights grow without end. This library trains, finds the directions of
 * largest margin (the references), and predicts the limit of the weights' direction.
 *
 * Conventions
 *   - A dataset has N samples (rows) and d features; labels are folded in, so row i is y_i x_i.
 *   - Arrays are double, contiguous; "direction" has d entries, "dual" has N entries in the simplex.
 *   - A function that can fail returns a status and, if `error` is not NULL, fills its message.
 *   - The function of the same type ending in _free frees what a function returns.
 *   - No global state: different threads may use different objects at the same time.
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
  BIASCOPE_USAGE = 1,         /* an option is out of its range, or options contradict each other */
  BIASCOPE_BAD_INPUT = 2,     /* a file cannot be read or written, or its content is wrong */
  BIASCOPE_NOT_SEPARABLE = 3, /* no w has x_i.w > 0 for all i; a Farkas certificate proves it */
  BIASCOPE_NOT_CONVERGED = 4, /* the certificate asked for was not reached */
  BIASCOPE_NO_MEMORY = 5,
  BIASCOPE_CANCELLED = 6 /* the caller's monitor asked to stop */
} biascope_status;

/* What went wrong, in words. The message names the file, the line, the value and what was expected. */
typedef struct {
  biascope_status status;
  char message[1024];
} biascope_error;

/* The progress of a long computation. */
typedef struct {
  const char *what;     /* what is counted, such as "steps" or "runs" */
  uint64_t done, total; /* how many are done, and of how many; total 0: not known */
  double fraction;      /* the fraction of the work that is done, in [0, 1]; NaN: not known */
  double seconds;       /* since the computation began */
  const char *note;     /* one line about what was found so far; NULL: nothing */
} biascope_progress;

/* How a long computation reports its progress and can be stopped. It calls `tell` about ten times a second, from one
 * thread at a time. If `tell` returns false, the computation ends soon and returns BIASCOPE_CANCELLED. A monitor of
 * zeros, or NULL in place of a monitor, reports nothing. */
typedef struct {
  bool (*tell)(void *state, const biascope_progress *progress);
  void *state; /* passed to tell */
} biascope_monitor;

/* The library's version, "major.minor.patch". */
BIASCOPE_API const char *biascope_version(void);
/* The name of the instruction set whose vectors are used, with the same results from each: the processor's widest, or
 * the one that the environment variable BIASCOPE_VECTORS named when the library was loaded (baseline, avx2 or avx512).
 * BIASCOPE_USAGE: it names none of these, or one that the processor does not have. */
BIASCOPE_API biascope_status biascope_vectors(const char **name, biascope_error *error);

/* A file that is complete or absent: it is written under a temporary name, flushed, and renamed. */
typedef struct {
  FILE *stream;    /* write to this stream */
  char *path;      /* the final name */
  char *temporary; /* the name until it is committed */
} biascope_output;

BIASCOPE_API biascope_status biascope_output_open(biascope_output *file, const char *path, biascope_error *error);
/* Flushes and renames the file. After a failure no file is left behind. Frees what the struct holds in either case. */
BIASCOPE_API biascope_status biascope_output_commit(biascope_output *file, biascope_error *error);
/* Discards what was written. Does nothing after a commit, or for a struct of zeros. */
BIASCOPE_API void biascope_output_abandon(biascope_output *file);
/* Whether two paths lead to one regular file, or would if it were created. */
BIASCOPE_API bool biascope_same_file(const char *path, const char *other);

/* A number as it is printed: with `most` significant digits, or fewer if its (absolute) uncertainty supports fewer. Two
 * values within the uncertainty differ by at most one unit of the last digit. "-" if it is not finite. */
typedef struct {
  char text[40];
} biascope_text;
BIASCOPE_API biascope_text biascope_digits(double value, double uncertainty, int most);
/* The same for a value that is never negative: "<" and a bound if the value is at most its uncertainty. */
BIASCOPE_API biascope_text biascope_small_digits(double value, double uncertainty, int most);
/* The angle, in radians, between the direction that a relative gap certifies and the exact one. Margins are concave:
 * unit vectors w, w* at an angle a have margin(w + w*) >= (2 - gap) margin* and |w + w*| = 2 cos(a/2), so cos(a/2) >= 1
 * - gap/2, and a <= 2 sqrt(gap) to first order. A proof for the l2 norm, an estimate for others. */
BIASCOPE_API double biascope_angle_of_gap(double gap);
/* The same for a gap no smaller than rounding: how far below that a gap comes out depends on the processor. */
BIASCOPE_API double biascope_angle_known_to(double gap);
/* By how much a cosine may be wrong if the angle is known to within `angle`. */
BIASCOPE_API double biascope_cosine_known_to(double cosine, double angle);

/* ---- Data ---------------------------------------------------------------------------------- */

/* N samples of d features, dense (row-major) or sparse (CSR), with the labels folded in. */
typedef struct biascope_dataset biascope_dataset;

/* How the features are transformed before the labels are folded in. */
typedef enum {
  BIASCOPE_UNSCALED,
  BIASCOPE_STANDARDIZE, /* (x - mean) / standard deviation, of each feature over the samples; dense data only */
  BIASCOPE_SCALE_MAX,   /* x / max |x|, of each feature over the samples */
  BIASCOPE_SCALE_ROWS   /* each sample is divided by its Euclidean norm */
} biascope_scaling;

/* How missing values (nothing, NA, ?, NaN ...) are treated. */
typedef enum {
  BIASCOPE_MISSING_REFUSED,
  BIASCOPE_MISSING_DROP, /* samples that lack a value are left out */
  BIASCOPE_MISSING_MEAN  /* the mean of the feature's other values is used */
} biascope_missing;

/* A linear classifier, and how data are transformed before it classifies them. The arrays belong to the caller. */
typedef struct {
  size_t features, outputs, classes; /* outputs: 1 for two classes, else one for each class */
  const double *weights;             /* outputs x features, row-major */
  const char *const *feature_name;   /* features, or NULL */
  const char *const *class_name;     /* classes, or NULL if there are none */
  size_t positive;                   /* outputs = 1: the class that is +1 */
  const double *shift, *scale;       /* feature k becomes (x - shift_k) / scale_k; NULL: neither */
  const double *mean;                /* of each feature, before scaling, for missing values; NULL: none */
  bool rows_scaled;                  /* then each sample is divided by its Euclidean norm */
  bool intercept;                    /* the last feature is 1 in every sample, and not in the file */
} biascope_model;

/* How a file is read. Zero-initialised: everything is taken from the file itself, and labels are folded in. */
typedef struct {
  const char
      *label_column;    /* text, .npy: a header's name, or a 0-based index, negative from the end; NULL: folded in */
  const char *labels;   /* a file with one label for each sample, .npy or text; NULL: none */
  const char *format;   /* csv, tsv, text, arff, libsvm, npy or npz; NULL: by the ending of the path */
  char delimiter;       /* text: what separates fields, ' ' for any blanks; 0: found by looking */
  char decimal;         /* text: '.' or ','; 0: found by looking */
  const char *positive; /* the class that is +1, all others being -1; NULL: the larger of two */
  const char *negative; /* with positive: the class that is -1; samples of any other class are left out */
  bool zero_based;      /* LIBSVM: indices count from 0, even if none is 0; false: found by looking */
  bool several_classes; /* more than two classes are kept, and their rows are not folded; false: refused */
  const char *columns;  /* features to keep: names, 0-based indices and ranges a:b, separated by commas; NULL: all */
  const char *drop;     /* features to leave out, likewise */
  biascope_missing missing; /* text, .npy */
  bool one_hot;             /* text: a column of words becomes a feature of 0 and 1 for each word */
  biascope_scaling scaling;
  bool intercept;                  /* adds a last feature that is 1 in every sample */
  const biascope_model *like;      /* features, scaling, intercept and classes are this model's; NULL: the file's own */
  double held_out;                 /* the fraction of the samples, chosen at random, that is left out; 0: none */
  bool held_out_part;              /* reads only the samples that held_out leaves out */
  uint64_t seed;                   /* seed of that choice */
  const biascope_monitor *monitor; /* told the number of uncompressed bytes read, for large files; or NULL */
} biascope_read_options;

/* An option of reading, by the name that it has in studies and, with - for _, on the command line. Static strings. */
typedef struct {
  const char *name;
  const char *placeholder; /* stands for its value in a help text, such as "FILE"; NULL: a flag, "true" or "false" */
  const char *help;        /* what it does */
} biascope_read_option;
/* There are biascope_read_option_count() of them. Returns the one of an index below that. */
BIASCOPE_API size_t biascope_read_option_count(void);
BIASCOPE_API const biascope_read_option *biascope_read_option_at(size_t index);
/* Sets one of them; texts are not copied. BIASCOPE_USAGE: there is none of that name, or the value is wrong; the
 * message begins with the name. */
BIASCOPE_API biascope_status biascope_read_options_set(biascope_read_options *options, const char *name,
                                                       const char *value, biascope_error *error);

/* Reads .csv, .tsv, .txt, .dat, .data, .arff (text), .svm, .libsvm (sparse), .npy or .npz, by the ending, which .gz,
 * .bz2, .xz or .zst may follow. "-" is standard input. docs/data.md describes the formats and the rule for labels. */
BIASCOPE_API biascope_status biascope_dataset_read(const char *path, const biascope_read_options *options,
                                                   biascope_dataset **out, biascope_error *error);
/* Reads data for a model to classify: its columns, scale, intercept and classes replace those of the options, which may
 * still leave out samples that are not of a pair of classes. */
BIASCOPE_API biascope_status biascope_dataset_read_like(const char *path, const biascope_read_options *options,
                                                        const biascope_model *like, biascope_dataset **out,
                                                        biascope_error *error);
/* Copies samples x features values in row-major order. Every value must be finite. */
BIASCOPE_API biascope_status biascope_dataset_from_dense(size_t samples, size_t features, const double *values,
                                                         biascope_dataset **out, biascope_error *error);
/* Copies a CSR matrix: row_start has samples + 1 entries, and columns ascend within a row. */
BIASCOPE_API biascope_status biascope_dataset_from_csr(size_t samples, size_t features, const size_t *row_start,
                                                       const uint32_t *column, const double *value,
                                                       biascope_dataset **out, biascope_error *error);
/* Gives samples that have none their classes: label[i] < classes is the class of sample i, and every class has a
 * sample. Of two classes the rows of class 0 are negated, so that class 1 is +1; of more the rows stay as they are, and
 * weights are a matrix classes x d. name: of each class; NULL: "0", "1", ... The arrays are copied. BIASCOPE_USAGE: the
 * labels are not as described, or the data have classes. After any failure the data are as before. */
BIASCOPE_API biascope_status biascope_dataset_set_classes(biascope_dataset *data, size_t classes, const uint32_t *label,
                                                          const char *const *name, biascope_error *error);
/* Writes the format of the path's ending. The file is complete or absent. */
BIASCOPE_API biascope_status biascope_dataset_write(const biascope_dataset *data, const char *path,
                                                    biascope_error *error);
BIASCOPE_API void biascope_dataset_free(biascope_dataset *data);
BIASCOPE_API size_t biascope_dataset_samples(const biascope_dataset *data);
BIASCOPE_API size_t biascope_dataset_features(const biascope_dataset *data);
BIASCOPE_API size_t biascope_dataset_nonzeros(const biascope_dataset *data);
BIASCOPE_API bool biascope_dataset_is_sparse(const biascope_dataset *data);
/* The number of rows of the weights, a matrix outputs x features: 1 for two classes, else one for each class. */
BIASCOPE_API size_t biascope_dataset_outputs(const biascope_dataset *data);
/* Writes the d entries of a sample, including zeros, as they are in the data set. */
BIASCOPE_API void biascope_dataset_row(const biascope_dataset *data, size_t sample, double *out);

/* Facts that a person wants to know about a data set before training on it. */
typedef struct {
  size_t zero_samples;     /* rows of zeros: no direction separates them */
  size_t repeated_samples; /* rows that equal an earlier one */
  size_t zero_features;    /* columns of zeros: their weights never change */
} biascope_dataset_facts;
BIASCOPE_API biascope_status biascope_dataset_describe(const biascope_dataset *data, biascope_dataset_facts *facts,
                                                       biascope_error *error);
/* The name of the column in the file; NULL if it has none. */
BIASCOPE_API const char *biascope_dataset_feature_name(const biascope_dataset *data, size_t feature);
/* The number of classes that the labels name, ordered by number or by the bytes of the name; 0: folded in, no names.
 * Rows of more than two classes are not folded, so a single direction does not classify them. */
BIASCOPE_API size_t biascope_dataset_classes(const biascope_dataset *data);
BIASCOPE_API const char *biascope_dataset_class_name(const biascope_dataset *data, size_t class_index);
BIASCOPE_API size_t biascope_dataset_class_samples(const biascope_dataset *data, size_t class_index);
/* The classifier with these weights (d, or classes x d; the caller's) for data that are transformed like this data set.
 * The arrays of the result belong to the data set. */
BIASCOPE_API biascope_model biascope_dataset_model(const biascope_dataset *data, size_t outputs, const double *weights);
/* The share of samples that the weights classify correctly: those with a positive margin, y x.w or, with several
 * classes, x.w_y - max x.w_j over the other classes j. */
BIASCOPE_API double biascope_accuracy(const biascope_dataset *data, const double *weights);
/* Writes the format of the ending: .json (with names, classes, scale and intercept, so that biascope_read_options.like
 * can use them), .csv (with a header of names, if there are any) or .npy. The file is complete or absent. */
BIASCOPE_API biascope_status biascope_model_write(const biascope_model *model, const char *path, biascope_error *error);

typedef struct {
  size_t samples, classes; /* classes: 0 if the samples have no labels */
  double accuracy;         /* biascope_accuracy; NaN if samples that should have labels have none */
  double *margins;         /* samples: y x.w, or x.w_y - max x.w_j over the other classes j; without labels x.w, or the
                            * lead of the largest x.w_j over the next */
  const char **label;      /* samples: the name of the class that each is given; NULL if the classifier names none. Of
                            * more classes than weights: NULL for one that is not the positive class */
  size_t *confusion; /* classes x classes: of samples of the row's class, how many are given the column's. Where one of
                      * more classes is told from the others: 2 x 2, the others first */
} biascope_application;

/* Classifies data that were read with options.like = model. The labels belong to the model or the data. Free the result
 * with biascope_application_free. */
BIASCOPE_API biascope_status biascope_model_apply(const biascope_model *model, const biascope_dataset *data,
                                                  biascope_application *out, biascope_error *error);
BIASCOPE_API void biascope_application_free(biascope_application *application);

/* The class of each sample, by its index, or NULL. The array belongs to the data set. */
BIASCOPE_API const uint32_t *biascope_dataset_labels(const biascope_dataset *data);
/* Whether biascope negated the rows of the class -1; false if the labels were already folded in. */
BIASCOPE_API bool biascope_dataset_is_folded(const biascope_dataset *data);
/* A copy with a last feature that is 1 before folding. The data set must have classes. */
BIASCOPE_API biascope_status biascope_dataset_with_intercept(const biascope_dataset *data, biascope_dataset **out,
                                                             biascope_error *error);
/* What the reader decided or left out, one sentence for each note. */
BIASCOPE_API size_t biascope_dataset_notes(const biascope_dataset *data);
BIASCOPE_API const char *biascope_dataset_note(const biascope_dataset *data, size_t note);

typedef enum {
  BIASCOPE_GAUSSIAN,         /* standard normal entries */
  BIASCOPE_RADEMACHER,       /* generalised Rademacher: row i is i + 1 times signs */
  BIASCOPE_SHIFTED_DIAGONAL, /* x_i = (i + 1) e_i + delta sum_{j != i} e_j, as many samples as features */
  BIASCOPE_TEACHER,          /* standard normal, labelled by a random hyperplane, with a margin; of more classes by the
                              * largest of the products with as many random unit vectors */
  BIASCOPE_MIXTURE           /* a standard normal cloud for each class, sample i of class i mod classes */
} biascope_generator;

typedef struct {
  size_t samples, features;
  uint64_t seed;
  double margin;   /* teacher: the smallest distance to the hyperplane */
  double delta;    /* shifted diagonal: the off-diagonal value */
  size_t nonzeros; /* teacher: the rows are sparse, with this many random features; 0: dense */
  size_t classes;  /* teacher, mixture: at least 2; 0: 2 */
  double distance; /* mixture: of the clouds' centres, in random directions, from 0 */
} biascope_generate_options;

/* The name of a generator: "gaussian", "rademacher", ...; NULL if the number is not a generator. */
BIASCOPE_API const char *biascope_generator_name(biascope_generator kind);
/* Generates synthetic data, which depend on the options only. Every kind but gaussian and mixture is separable by
 * construction. */
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
  BIASCOPE_SPECTRAL,    /* the largest singular value of the matrix of weights */
  BIASCOPE_NUCLEAR      /* the sum of all singular values; both are l2 for two classes, whose weights are one row */
} biascope_norm_kind;

typedef struct {
  biascope_norm_kind kind;
  double p;             /* BIASCOPE_LP only */
  const double *metric; /* BIASCOPE_MAHALANOBIS only: the d diagonal entries of M, all > 0 */
} biascope_norm;

typedef struct {
  double tolerance;   /* the relative gap asked for; 0: 1e-10, or the rounding error of the pair if that is more */
  int max_iterations; /* 0: the limit of the solver */
} biascope_solve_options;

/* A max-margin solution with its certificate. For any c in the simplex, min_i x_i.w / ||w|| <= gamma* <= ||X'c||_dual,
 * so that (direction, dual) proves the margin to within gap. For k > 2 classes the weights are k x d, row-major, and
 * the norms are those of their entries (l2: Frobenius). A sample x of class y then has k - 1 rows, one for (w_y -
 * w_j).x of every other class j in order: N (k - 1) rows in all. */
typedef struct {
  double margin;         /* min_i x_i.w / ||w||, evaluated at direction */
  double upper_bound;    /* ||X'c||_dual, evaluated at dual */
  double gap;            /* (upper_bound - margin) / upper_bound */
  double *direction;     /* outputs x d, of norm 1 in the norm asked for */
  double *dual;          /* one entry for each row, in the simplex; a Farkas certificate (X'c = 0) if not separable */
  size_t support;        /* the number of positive entries of dual */
  bool unique;           /* whether the optimal direction is unique */
  size_t face_dimension; /* the dimension of the set of optimal directions: 0 if unique, SIZE_MAX: unknown */
  size_t samples, features;
  size_t outputs, rows; /* 1 and N; for k > 2 classes k and N (k - 1) */
} biascope_margin;

/* Finds the max-margin direction of the norm. BIASCOPE_NOT_SEPARABLE: out->dual is the Farkas certificate,
 * out->upper_bound is its residual, max_k |sum_i c_i x_ik| / sum_i c_i |x_ik|, and direction is zero.
 * BIASCOPE_NOT_CONVERGED: out is the best certified pair. Free out in these cases and after success; after any other
 * error it is empty. */
BIASCOPE_API biascope_status biascope_margin_solve(const biascope_dataset *data, biascope_norm norm,
                                                   const biascope_solve_options *options, biascope_margin *out,
                                                   biascope_error *error);
/* The same for data whose last feature is an intercept, 1 before labels are folded in, which the norm leaves out:
 * max min_i y_i (x_i.w + b) / ||w||, as support vector machines have it. Two classes; l2, linf, l1 and lP.
 * out->direction ends in the intercept, the entries before it have norm 1, and out->dual gives both classes the same
 * sum. BIASCOPE_BAD_INPUT: one class alone. */
BIASCOPE_API biascope_status biascope_margin_solve_free_intercept(const biascope_dataset *data, biascope_norm norm,
                                                                  const biascope_solve_options *options,
                                                                  biascope_margin *out, biascope_error *error);
BIASCOPE_API void biascope_margin_free(biascope_margin *margin);
/* For more than two classes: writes for each pair of classes whether it is separable by itself (BIASCOPE_OK), not
 * separable (BIASCOPE_NOT_SEPARABLE) or undecided (BIASCOPE_NOT_CONVERGED). decision is a symmetric matrix, classes x
 * classes; a class is not separable from itself. All pairs can be separable although all classes together are not. */
BIASCOPE_API biascope_status biascope_classes_decide(const biascope_dataset *data, biascope_status *decision,
                                                     biascope_error *error);
/* A rough estimate of the time of a solve, in seconds of one core: correct to a factor of about three if it is above a
 * second. norm: L2, LINF, L1, SPECTRAL or NUCLEAR. */
BIASCOPE_API double biascope_margin_seconds(const biascope_dataset *data, biascope_norm_kind norm);

/* min_i x_i.w / ||w||, over the rows of biascope_margin; w has outputs x d entries. 0 for w = 0. */
BIASCOPE_API double biascope_margin_of(const biascope_dataset *data, biascope_norm norm, const double *w);

/* The cosine and the angle (radians, accurate for small angles too; may be NULL) between w and the nearest optimal
 * direction. This is solution->direction if it is unique, else the nearest point of the set of optimal directions; if
 * none is within 90 degrees, it is solution->direction. nearest: d entries, of norm 1 in the norm, or NULL.
 * BIASCOPE_NOT_CONVERGED, and a cosine of NaN, if the set is too large to search: more than 1000 entries of the
 * direction may vary; or if it is a set of the spectral or nuclear norm. */
BIASCOPE_API biascope_status biascope_margin_cosine(const biascope_dataset *data, biascope_norm norm,
                                                    const biascope_margin *solution, const double *w, double *cosine,
                                                    double *angle, double *nearest, biascope_error *error);

/* ---- Data that are not separable ----------------------------------------------------------- */

/* Any data set falls into two parts (Ji and Telgarsky 2019): some w has x_i.w > 0 on the separable part and x_i.w = 0
 * on the inseparable one, of which a positive combination is zero. The loss has a finite minimiser on the latter; the
 * former drives the weights to infinity. direction and dual prove the parts. */
typedef struct {
  bool *separable; /* N: whether a sample is in the separable part */
  size_t separable_count;
  double *dual;    /* N: in the simplex with X'c = 0, c_i > 0 exactly on the inseparable part; 0 where that is empty */
  double residual; /* max_k |sum_i c_i x_ik| / sum_i c_i |x_ik| */
  double *direction; /* d: of norm 1, the l2 max margin of the separable part among w orthogonal to the other; or 0 */
  double margin;     /* min x_i.direction over the separable part */
  double leak;       /* max |x_i.direction| / ||x_i||_2 over the inseparable part: not 0, because of rounding */
  double *basis;     /* rank x d, row-major: an orthonormal basis of the span of the inseparable part */
  size_t rank;
  size_t samples, features;
} biascope_parts;

/* Finds the parts. BIASCOPE_NOT_CONVERGED: rounding makes them undecidable. After any failure out is empty. */
BIASCOPE_API biascope_status biascope_parts_find(const biascope_dataset *data, biascope_parts *out,
                                                 biascope_error *error);
BIASCOPE_API void biascope_parts_free(biascope_parts *parts);
/* Writes the d entries of the part of w inside the span of the inseparable samples. */
BIASCOPE_API void biascope_parts_project(const biascope_parts *parts, const double *w, double *inside);

/* Weights compared with the two parts. NaN if there is no such part. */
typedef struct {
  double cosine;   /* of the weights' part outside the inseparable span with the direction */
  double distance; /* of the weights' part inside the span from the minimiser */
  double length;   /* of the minimiser */
} biascope_parts_measurement;
/* minimiser: d, of the loss on the inseparable part; NULL: not known. w: d. */
BIASCOPE_API biascope_status biascope_parts_measure(const biascope_parts *parts, const double *minimiser,
                                                    const double *w, biascope_parts_measurement *out,
                                                    biascope_error *error);

/* ---- Options of training --------------------------------------------------------------------- */

/* The options that training, prediction and diagnosis read: the optimizer, the loss, the batches, the step size. Every
 * option has a name and a value. Both are text, as on the command line ("batch_size" for --batch-size) and in studies.
 * docs/options.md lists the names, ranges and defaults, and which optimizer reads which option. */
typedef struct biascope_options biascope_options;

/* Creates options with the usual values of the optimizer: "adam", "gd", ... as in docs/options.md; NULL: "adam".
 * BIASCOPE_USAGE: there is no such optimizer. Free them with biascope_options_free. */
BIASCOPE_API biascope_status biascope_options_create(const char *optimizer, biascope_options **out,
                                                     biascope_error *error);
/* Sets one option. BIASCOPE_USAGE, with a message that says what was expected, if the name is unknown or the value is
 * out of range; the options then keep their values. After "optimizer" is set, every option that was not set by name has
 * the usual value of the new optimizer. */
BIASCOPE_API biascope_status biascope_options_set(biascope_options *options, const char *name, const char *value,
                                                  biascope_error *error);
/* Writes the value of one option, as biascope_options_set reads it, to `value`, which has `size` characters; 64 are
 * enough. Real numbers are exact. */
BIASCOPE_API biascope_status biascope_options_get(const biascope_options *options, const char *name, char *value,
                                                  size_t size, biascope_error *error);
/* Whether a run with these options reads the option of that name; false for an unknown name. */
BIASCOPE_API bool biascope_options_reads(const biascope_options *options, const char *name);
/* Checks that the options fit together, for data of so many samples (0: not known yet). All functions that take options
 * call it. BIASCOPE_USAGE: the message names the wrong options. An option that was set, but is not read by the run, is
 * an error unless it has its usual value, because it would have no effect. */
BIASCOPE_API biascope_status biascope_options_check(const biascope_options *options, size_t samples,
                                                    biascope_error *error);
BIASCOPE_API void biascope_options_free(biascope_options *options);
/* The number of batches, and so of steps, in an epoch of so many samples; the step size eta_t after `step` steps. */
BIASCOPE_API size_t biascope_options_epoch(const biascope_options *options, size_t samples);
BIASCOPE_API double biascope_options_learning_rate(const biascope_options *options, uint64_t step);
/* The fraction of the best linf margin that theory guarantees for an update of signs with this misalignment
 * (biascope_alignment): 1 - 2 misalignment / best, at least 0 (Section 5 of the paper). NaN for other updates. */
BIASCOPE_API double biascope_options_guaranteed(const biascope_options *options, double misalignment, double best);

/* Whether biascope_predict's `steps` can say where a run is: its update does not depend on the size of the gradient, so
 * that the run follows the path of vanishing steps. biascope_forecast says more where it can follow. */
BIASCOPE_API bool biascope_options_follow_path(const biascope_options *options);
/* The norm in which the optimizer's steps are largest, and of whose max margin biascope_diagnose is best asked, for
 * data with so many outputs (biascope_dataset_outputs): of one, where weights are a row, those of matrix optimizers are
 * L2. */
BIASCOPE_API biascope_norm_kind biascope_options_norm(const biascope_options *options, size_t outputs);

typedef enum {
  BIASCOPE_OPTION_REAL,   /* a real number */
  BIASCOPE_OPTION_WHOLE,  /* a whole number */
  BIASCOPE_OPTION_CHOICE, /* one of several names */
  BIASCOPE_OPTION_FLAG    /* "true" or "false" */
} biascope_option_type;

/* The description of an option. The strings that are not arrays are static. */
typedef struct {
  const char *name;
  biascope_option_type type;
  const char *placeholder; /* stands for its value in a help text, such as "B" */
  const char *help;        /* what it does */
  char usual[64];          /* its value if none is set; "" if that depends on the optimizer */
  char expected[512];      /* what its value may be, such as "a whole number from 1 to 10" */
} biascope_option;

/* There are biascope_option_count() options. Describes the one of this index, which must be below the count. */
BIASCOPE_API size_t biascope_option_count(void);
BIASCOPE_API void biascope_option_describe(size_t index, biascope_option *out);

/* ---- Training ------------------------------------------------------------------------------ */

/* Writes the d entries of the minimiser, within their span, of the sum of losses over the inseparable samples. There
 * the sum of |l'(z_i)| x_i has at most `residual` times the size of the sum of |l'(z_i)| ||x_i||_2. `loss`: a value of
 * the option "loss"; BIASCOPE_USAGE: there is no such loss. */
BIASCOPE_API biascope_status biascope_parts_minimise(const biascope_dataset *data, const biascope_parts *parts,
                                                     const char *loss, double *minimiser, double *residual,
                                                     biascope_error *error);

/* A run of training. It starts at w = 0. Gradients and moments have their own exponents, so that nothing underflows in
 * a long run. The dataset must outlive the trainer. */
typedef struct biascope_trainer biascope_trainer;

BIASCOPE_API biascope_status biascope_trainer_create(const biascope_dataset *data, const biascope_options *options,
                                                     biascope_trainer **out, biascope_error *error);
/* Takes `steps` steps of the optimizer (batches). Allocates nothing. */
BIASCOPE_API biascope_status biascope_trainer_run(biascope_trainer *trainer, uint64_t steps, biascope_error *error);
/* Takes `steps` steps of each of `count` trainers. Each gets the same bits as alone, in less time: up to 8 neighbours
 * with dense data of the same number of features, at most 256, take their steps together. No trainer may occur twice.
 * Allocates nothing. biascope_trainer_run with 0 steps reports for each trainer whether its weights left the range of
 * doubles. */
BIASCOPE_API biascope_status biascope_trainers_run(biascope_trainer *const *trainers, size_t count, uint64_t steps,
                                                   biascope_error *error);
/* Steps until the run has taken `step` steps, in slices short enough to tell the monitor (NULL: none) and to stop
 * soon. */
BIASCOPE_API biascope_status biascope_trainer_run_to(biascope_trainer *trainer, uint64_t step,
                                                     const biascope_monitor *monitor, biascope_error *error);
BIASCOPE_API void biascope_trainer_free(biascope_trainer *trainer);

/* Which steps of a run are recorded: `per_decade` in each decade, evenly on a log scale, and the last one; 0: only the
 * last. Returns the first recorded step after `step`, at most `last`. */
BIASCOPE_API uint64_t biascope_record_next(uint64_t step, uint64_t last, unsigned per_decade);

BIASCOPE_API uint64_t biascope_trainer_step(const biascope_trainer *trainer);
/* The current weights, outputs x d in row-major order (biascope_dataset_outputs). They belong to the trainer and are
 * valid until the next call on it. */
BIASCOPE_API const double *biascope_trainer_weights(const biascope_trainer *trainer);
/* The log of the mean loss over all samples at the current weights. It is finite even if the loss itself underflows,
 * and -infinity if the loss is zero. */
BIASCOPE_API double biascope_trainer_log_loss(const biascope_trainer *trainer);

/* Whether the moment buffers still contain old gradients. A moving average never exceeds the largest of the values it
 * averages. If it is larger than every sample's gradient at the current weights, it consists of old gradients, and the
 * step follows those. This happens if the gradient shrinks faster in a step than the buffer forgets: eta gamma > 1 - b1
 * for the momentum, 2 eta gamma > 1 - b2 for the second moment. */
typedef struct {
  bool momentum_stale, second_moment_stale; /* the excess below is above 2 */
  double momentum_excess;                   /* ||m||_1 / max_i |l'(x_i.w)| ||x_i||_1; 0 without momentum */
  double second_moment_excess;              /* ||sqrt(v)||_inf / max_i |l'(x_i.w)| ||x_i||_inf; 0 without beta2 */
} biascope_staleness;
BIASCOPE_API biascope_staleness biascope_trainer_staleness(const biascope_trainer *trainer);

/* How much the momentum differs from the full gradient, in units of G = mean_i |l'(x_i.w)| at `weights` (d; NULL: the
 * current ones). A step of eta sign(m) lowers the loss by at least eta (||grad L||_1 - 2 ||m - grad L||_1), up to
 * O(eta^2), and ||grad L||_1 is at least the best linf margin times G. So the margin ends above the best one minus
 * twice the misalignment (Section 5 of the paper). */
typedef struct {
  double misalignment; /* ||m - grad L||_1 / G; infinite if m is out of double's range; NaN if G is 0 */
  double gradient;     /* ||grad L||_1 / G */
  double log_slope;    /* log G */
} biascope_alignment;
BIASCOPE_API biascope_status biascope_trainer_alignment(const biascope_trainer *trainer, const double *weights,
                                                        biascope_alignment *out, biascope_error *error);

/* The complete state, so that a resumed run gives the same bits. Resuming checks that data and options agree. */
BIASCOPE_API biascope_status biascope_trainer_save(const biascope_trainer *trainer, const char *path,
                                                   biascope_error *error);
BIASCOPE_API biascope_status biascope_trainer_resume(biascope_trainer *trainer, const char *path,
                                                     biascope_error *error);

/* ---- The limit direction, without training -------------------------------------------------- */

/* How it is confirmed that training goes to the equilibrium found. */
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
  double effort;            /* multiplications that the search may take, 2 10^9 a second; 0: no bound */
  biascope_confirm confirm; /* of the limit; a point after a number of steps is not confirmed */
} biascope_predict_options;

/* What training does in the long run. */
typedef enum {
  BIASCOPE_LIMIT_DIRECTION,      /* margins grow for ever along a direction */
  BIASCOPE_LIMIT_REST,           /* training comes to rest: margins stop growing */
  BIASCOPE_LIMIT_RUNAWAY,        /* the update is unbounded: weights grow faster than sum eta */
  BIASCOPE_LIMIT_NOT_SEPARATING, /* the least margin decreases without end although the data are separable */
  BIASCOPE_LIMIT_UNSETTLED       /* none of these was found */
} biascope_limit_kind;

/* 1 - cos between increments of a run that has settled. */
#define BIASCOPE_RUN_SETTLED 1e-3

/* An equilibrium c* of the epoch map D(c), and the direction D(c*) to which training converges. See
 * docs/limit.md. */
typedef struct {
  double *direction;       /* outputs x d, of Euclidean norm 1 */
  double *dual;            /* c*, one entry for each row (biascope_margin), in the simplex */
  double gap;              /* (c.F - min F) / |c.F| with F = X D(c*); for max-margin limits the solver's gap */
  double rate;             /* growth of the least margin per unit of sum eta; NaN if margins grow like log t */
  size_t support;          /* the number of positive entries of dual */
  double standard_error;   /* of the direction (angle, radians), because the order was sampled; 0 for closed forms */
  bool unique;             /* false: several directions are optimal, and this is one of them */
  biascope_norm_kind face; /* then the norm for which they are optimal */
  double log_loss;         /* after options.steps steps; NaN for the limit */
  double weight_norm;      /* the same of the weights' Euclidean norm */
  double handover_step; /* eps > 0: the step at which sqrt(v) falls to about eps and the limit becomes l2; else NaN */
  const char *method;   /* how it was found, a static string */
  size_t samples, features;
  size_t outputs, rows;     /* 1 and N; for k > 2 classes k and N (k - 1) */
  size_t starts;            /* random points from which the search started, as many as the effort allowed */
  size_t others;            /* equilibria that attract from some of them, other than the one that attracts from w = 0 */
  double *other_directions; /* others x outputs x d, of Euclidean norm 1 */
  biascope_limit_kind kind;
  bool confirmed;           /* training does what `kind` says and, for a direction, goes there */
  const char *confirmed_by; /* "run", "path", "flow" or "theorem", a static string; NULL: not confirmed */
  double increment_cosine;  /* between the direction and the last increment of the confirming run; NaN without one */
  double run_settled;       /* cosine between the run's last increment, over half of its steps, and the one before */
  uint64_t run_steps;       /* steps of the confirming run; 0 without one */
  double *run_direction;    /* outputs x d: the run's last increment, of Euclidean norm 1; NULL without one */
} biascope_prediction;

/* Predicts the direction to which training with these options converges, or what it does instead (kind). BIASCOPE_OK:
 * the gap is within the tolerance and, if options->confirm asks for it, the limit is confirmed. BIASCOPE_NOT_CONVERGED:
 * out is the best point found, with its gap and what a run has shown. After any other failure out is empty. */
BIASCOPE_API biascope_status biascope_predict(const biascope_dataset *data, const biascope_options *training,
                                              const biascope_predict_options *options, biascope_prediction *out,
                                              biascope_error *error);
BIASCOPE_API void biascope_prediction_free(biascope_prediction *prediction);

/* Finds AdamProxy's dual fixed point c = T(c) and the metric M(c) = sqrt(sum_j c_j^2 x_j^2) of its norm. metric: d
 * entries are written; or NULL. The direction is the max-margin solution of ||.||_M. */
BIASCOPE_API biascope_status biascope_adamproxy_fixed_point(const biascope_dataset *data, biascope_prediction *out,
                                                            double *metric, biascope_error *error);

/* ---- The run itself, without taking its steps --------------------------------------------------- */

/* Where training is after any number of steps. The first epochs are stepped. From there an averaged equation is
 * followed in the logarithm of time, so that 10^12 steps cost little more than 10^5. See docs/forecast.md. */
typedef struct biascope_forecast biascope_forecast;

typedef struct {
  const char *method;    /* what was done, a static string */
  double error_estimate; /* of the direction, radians: three times it covers nearly every run; 0: exact steps */
  uint64_t steps_taken;  /* steps of a single run that were taken exactly */
  size_t evaluations;    /* further passes over the data */
  double log_loss;       /* log of the mean loss at the weights */
  double weight_norm;    /* Euclidean */
  double margin;         /* min_i x_i.w / ||w||_2; of several classes min (w_y - w_j).x / ||W||_2 */
  double accuracy;       /* share of samples whose margin is positive */
} biascope_forecast_quality;

/* Prepares a forecast up to `steps` steps. The dataset must outlive it. BIASCOPE_NOT_CONVERGED: the averaged equation
 * cannot be followed, and the run is too long to step. */
BIASCOPE_API biascope_status biascope_forecast_create(const biascope_dataset *data, const biascope_options *options,
                                                      uint64_t steps, biascope_forecast **out, biascope_error *error);
/* Advances to the given step, no smaller than the last one. A random order starts with the options' seed. */
BIASCOPE_API biascope_status biascope_forecast_advance(biascope_forecast *forecast, uint64_t step,
                                                       biascope_error *error);
/* The weights (outputs x d) at this step. They belong to the forecast and are valid until the next call on it. */
BIASCOPE_API const double *biascope_forecast_weights(const biascope_forecast *forecast);
BIASCOPE_API biascope_forecast_quality biascope_forecast_quality_of(const biascope_forecast *forecast);
BIASCOPE_API void biascope_forecast_free(biascope_forecast *forecast);

/* With eps > 0 a run without weight decay takes two directions one after the other: first toward the limit for eps 0,
 * and in the end toward the l2 max margin. The first may be left before it is reached, and the second may take more
 * steps than any training. */
#define BIASCOPE_ARRIVED 0.99 /* the cosine from which a run has reached its limit */
typedef struct {
  double *early;       /* outputs x d: the limit for eps 0, of Euclidean norm 1 */
  double between;      /* its cosine with the late limit */
  double early_step;   /* the step at which the run is nearest to it, and the cosine there */
  double early_cosine; /* of the predicted run, at ten steps in each decade */
  double late_step;    /* from which the cosine with the late limit stays above BIASCOPE_ARRIVED; NaN: not seen */
  double last_step;    /* how far the run was predicted, at most 10^15, and the cosine with the late limit there */
  double late_cosine;
} biascope_plateaus;
/* late: the limit (outputs x d) that biascope_predict has found for these options, which have eps > 0. Predicts the
 * run to 10^15 steps. BIASCOPE_NOT_CONVERGED, BIASCOPE_USAGE: the early limit or the run cannot be predicted. */
BIASCOPE_API biascope_status biascope_plateaus_find(const biascope_dataset *data, const biascope_options *training,
                                                    const double *late, biascope_plateaus *out, biascope_error *error);
BIASCOPE_API void biascope_plateaus_free(biascope_plateaus *plateaus);

/* ---- A problem: data, and what is known of them -------------------------------------------------- */

/* Each fact is computed once, when it is first asked for: the first thread that asks computes, and others wait. The
 * problem owns the facts and keeps them until it is freed. */
typedef struct biascope_problem biascope_problem;

/* The data must outlive the problem. */
BIASCOPE_API biascope_status biascope_problem_create(const biascope_dataset *data, biascope_problem **out,
                                                     biascope_error *error);
BIASCOPE_API void biascope_problem_free(biascope_problem *problem);
BIASCOPE_API const biascope_dataset *biascope_problem_data(const biascope_problem *problem);
/* Before something is computed, the monitor (NULL: none) is told, by the thread that computes it. If it asks to stop,
 * that call returns BIASCOPE_CANCELLED. */
BIASCOPE_API void biascope_problem_watch(biascope_problem *problem, const biascope_monitor *monitor);

/* Gives the problem test data, which must outlive it. They were read with options.like = biascope_dataset_model of the
 * problem's data; else BIASCOPE_USAGE says in what they differ. Measures then include the accuracy on them. */
BIASCOPE_API biascope_status biascope_problem_set_test(biascope_problem *problem, const biascope_dataset *test,
                                                       biascope_error *error);
/* The test data; NULL: none. */
BIASCOPE_API const biascope_dataset *biascope_problem_test(const biascope_problem *problem);

/* The max margin of L2, LINF, L1, SPECTRAL or NUCLEAR. *out has the certificate after BIASCOPE_OK,
 * BIASCOPE_NOT_SEPARABLE and BIASCOPE_NOT_CONVERGED, as in biascope_margin_solve; else it is NULL. */
BIASCOPE_API biascope_status biascope_problem_margin(biascope_problem *problem, biascope_norm_kind norm,
                                                     const biascope_margin **out, biascope_error *error);
/* Whether the data are separable: BIASCOPE_OK, with a direction of some positive l2 margin, or
 * BIASCOPE_NOT_SEPARABLE. */
BIASCOPE_API biascope_status biascope_problem_separable(biascope_problem *problem, const biascope_margin **certificate,
                                                        biascope_error *error);
/* The parts of data that are not separable; the minimiser, d weights, of a loss (a value of the option "loss") on the
 * inseparable part. *out is NULL after any failure. */
BIASCOPE_API biascope_status biascope_problem_parts(biascope_problem *problem, const biascope_parts **out,
                                                    biascope_error *error);
BIASCOPE_API biascope_status biascope_problem_minimiser(biascope_problem *problem, const char *loss, const double **out,
                                                        biascope_error *error);
/* The limit of AdamProxy, and the limit of training with any options (biascope_predict, with that effort). *out is set
 * after BIASCOPE_OK and BIASCOPE_NOT_CONVERGED, else NULL. BIASCOPE_USAGE: no limit is known for these options. */
BIASCOPE_API biascope_status biascope_problem_proxy(biascope_problem *problem, const biascope_prediction **out,
                                                    biascope_error *error);
BIASCOPE_API biascope_status biascope_problem_limit(biascope_problem *problem, const biascope_options *options,
                                                    double effort, const biascope_prediction **out,
                                                    biascope_error *error);

/* What weights are compared with: the max margins of L2, LINF, L1, SPECTRAL and NUCLEAR, in this order, and AdamProxy's
 * limit. */
enum { BIASCOPE_REFERENCE_NORMS = 5, BIASCOPE_PROXY = 5, BIASCOPE_REFERENCES = 6 };
/* A set of references: bit 1 << r stands for reference r. */
typedef unsigned biascope_reference_set;
#define BIASCOPE_ALL_NORMS ((biascope_reference_set)31)
/* "l2", "linf", "l1", "spectral", "nuclear", "proxy"; NULL if the number is not a reference. */
BIASCOPE_API const char *biascope_reference_name(size_t reference);
/* The norm of a reference below BIASCOPE_REFERENCE_NORMS. */
BIASCOPE_API biascope_norm_kind biascope_reference_norm(size_t reference);
/* The references that say something of their own about these data: for two classes, whose weights are one row, spectral
 * and nuclear are l2, and are left out. */
BIASCOPE_API biascope_reference_set biascope_dataset_references(const biascope_dataset *data);

/* The measures of one direction. A value is NaN if its reference was not asked for or could not be
 * certified. */
typedef struct {
  double log_loss;                    /* of the mean loss, if the caller knows it (biascope_trainer_log_loss) */
  double weight_norm;                 /* ||w||_2, over all entries */
  double spectral_norm, nuclear_norm; /* of several classes: the largest singular value, and the sum of all */
  double effective_rank;              /* e^H, H the entropy of the singular values over their sum (Roy and Vetterli,
                                       * EUSIPCO 2007) */
  double accuracy;                    /* biascope_accuracy */
  double test_accuracy;               /* the same for the problem's test data; NaN without any */
  double margin[BIASCOPE_REFERENCE_NORMS]; /* the least margin / ||w||, for any references: of x_i.w or, with
                                            * several classes, of (w_y - w_j).x_i over the classes j != y, i's class */
  double ratio[BIASCOPE_REFERENCE_NORMS];  /* the margin over the best margin */
  double cosine[BIASCOPE_REFERENCES];      /* with the max-margin direction, the nearest one if there are several */
  double angle[BIASCOPE_REFERENCES];       /* the same in radians, accurate for small angles too */
  double known_to[BIASCOPE_REFERENCES];    /* the angle, in radians, to which the reference is known */
  double cosine_predicted;                 /* with the limit; with the nearest if the limit is one of several */
} biascope_measurement;
/* The description of a measure. It has one name in JSON, traces, stores and plots. The strings are static. */
typedef struct {
  const char *name;          /* "cosine_l2": in traces, stores and plots; the family, '_' and the reference */
  const char *family, *of;   /* in JSON: "cosine":{"l2": ...}; if `of` is NULL, "log_loss": ... */
  const char *title, *label; /* in lists, and on the axes of plots */
  size_t offset;             /* of the member in biascope_measurement */
  bool recorded;             /* in the traces of stored runs */
  bool of_limit;             /* the predicted direction has this measure too: "limit_cosine_l2" */
  bool of_matrices;          /* of weights of several classes; NaN for two */
  bool of_test;              /* of the problem's test data; NaN without any */
} biascope_measure;
/* There are biascope_measure_count() measures. Returns the one of an index below that; returns its value. */
BIASCOPE_API size_t biascope_measure_count(void);
BIASCOPE_API const biascope_measure *biascope_measure_at(size_t index);
BIASCOPE_API double biascope_measure_of(const biascope_measure *measure, const biascope_measurement *measured);

/* Whether the measure has a meaning for the problem's data and test data. */
BIASCOPE_API bool biascope_problem_has_measure(const biascope_problem *problem, const biascope_measure *measure);
/* The accuracy of a reference's direction on the test data, computing the reference if it is not known yet; of several
 * optimal directions, that of the one found. NaN if the reference is not certified. */
BIASCOPE_API biascope_status biascope_problem_test_reference(biascope_problem *problem, size_t reference,
                                                             double *accuracy, biascope_error *error);

/* Measures w (outputs x d) against the references asked for, as far as biascope_dataset_references has them, which are
 * computed if they are not known yet, and against the limit, if it is not NULL. */
BIASCOPE_API biascope_status biascope_problem_measure(biascope_problem *problem, biascope_reference_set references,
                                                      const biascope_prediction *limit, const double *w,
                                                      biascope_measurement *out, biascope_error *error);

/* Writes the singular values of weights rows x d, the largest first: as many as the smaller of rows and d. */
BIASCOPE_API biascope_status biascope_singular_values(size_t rows, size_t features, const double *w, double *out,
                                                      biascope_error *error);
/* For more than two classes: writes for each class the least margin (w_y - w_j).x / ||w||_2 of its samples. */
BIASCOPE_API void biascope_class_margins(const biascope_dataset *data, const double *w, double *out);

/* ---- What a run will do, and what would do better, without training ------------------------------ */

typedef struct {
  biascope_norm_kind norm; /* the norm whose margin should be large: one of the references of the data */
  double fraction;         /* the fraction of that norm's best margin to reach, in (0, 1) */
  uint64_t steps;          /* within so many steps */
} biascope_goal;

typedef struct {
  biascope_prediction limit; /* where the run goes */
  bool certified;            /* whether this could be certified */
  /* Of the best margin in the norm of each reference that the limit has; NaN if it is not certified, and for norms that
   * are no reference for these data (biascope_dataset_references). */
  double fraction[BIASCOPE_REFERENCE_NORMS];
  /* Steps after which the buffers contain recent gradients, found by comparing eta_t rate with what beta forgets in a
   * step. 0: always; infinity: never. */
  double momentum_stale_until, second_moment_stale_until;
  /* max_t ||m_t - grad L||_1 / G at the limit, with G the mean of |l'| over the samples. An update of signs has at
   * least the best linf margin minus twice this (Section 5 of the paper). A random order: over 4096 steps. */
  double misalignment;
  /* gd: the curvature of the loss at w = 0, the largest eigenvalue of its Hessian, l''(0) X'X / N for two classes; the
   * largest step size that lowers the loss, 2 (1+b1) / ((1-b1) curvature); the step at which eta_t has fallen to it, 0
   * if it starts below and infinity if it is constant and above. NaN for optimizers whose steps do not grow with the
   * gradient. */
  double curvature, largest_lr, descends_from;
  double guaranteed; /* the fraction of the best linf margin that this guarantees; NaN for updates other than signs */
  biascope_options *recommended; /* freed with the diagnosis */
  double expected; /* the fraction of the wanted margin that these reach after goal->steps; NaN if not known */
  bool expected_is_measured; /* by a run of these steps; else computed from the path of small steps */
} biascope_diagnosis;

/* Returns what biascope_predict returns, except BIASCOPE_NOT_CONVERGED. After a failure out is empty; after success,
 * free the diagnosis. */
BIASCOPE_API biascope_status biascope_diagnose(const biascope_dataset *data, const biascope_options *training,
                                               const biascope_goal *goal, biascope_diagnosis *out,
                                               biascope_error *error);
BIASCOPE_API void biascope_diagnosis_free(biascope_diagnosis *diagnosis);

#ifdef __cplusplus
}
#endif
#endif
