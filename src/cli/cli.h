/* What all subcommands share: common flags, the flags of the optimizer, output and exit codes. */
#ifndef BIASCOPE_CLI_CLI_H
#define BIASCOPE_CLI_CLI_H

#include "biascope.h"
#include <argp.h>
#include <jansson.h>

/* --json, --seed, --quiet, and the positional argument DATA with the flags that say how to read it. */
typedef struct {
  bool json, quiet;
  uint64_t seed;
  const char *data_path; /* NULL until given */
  biascope_read_options read;
  bool free_intercept, takes_free_intercept; /* --intercept=free was given; the command knows what to do with it */
} cli_common;

/* Argp children. Input: a cli_common, a cli_optimizer_flags. */
extern const struct argp cli_common_argp;    /* the same without DATA */
extern const struct argp cli_data_argp;      /* DATA and how it is read */
extern const struct argp cli_optimizer_argp; /* --optimizer, --loss, ...: the options of training */
extern const struct argp cli_store_argp;     /* STORE; input: a const char *, NULL until given */

/* Flags override the usual values of the optimizer, wherever --optimizer stands on the line. */
enum { CLI_MOST_OPTIONS = 64 };
typedef struct {
  biascope_options *options;           /* complete after parsing; the command frees it */
  const char *given[CLI_MOST_OPTIONS]; /* the text given for the option of that index, or NULL */
} cli_optimizer_flags;

/* Make the flags of the library's options. Called once, before any are parsed. */
void cli_prepare_optimizer_flags(void);
void cli_prepare_data_flags(void);
/* The name of an option as a flag: with - in place of _. */
void cli_name_flag(const char *option, size_t size, char *flag);
/* Sets the total steps of a schedule that needs them, if they were not given, to those of the run. */
biascope_status cli_set_total_steps(biascope_options *options, uint64_t steps, biascope_error *error);
/* The processors that are there, as a number of threads: from 1 to 1024. */
size_t cli_processors(void);
/* Sets an option that is a whole number. */
biascope_status cli_set_whole(biascope_options *options, const char *name, uint64_t value, biascope_error *error);

/* Parses the command line into `input`, or ends the program. */
void cli_parse(const struct argp *argp, int argc, char **argv, void *input);
/* Numbers on the command line: the whole text must be a number, else a usage error names flag, text and range. */
double cli_parse_double(struct argp_state *state, const char *flag, const char *text, double low, double high);
uint64_t cli_parse_u64(struct argp_state *state, const char *flag, const char *text, uint64_t low, uint64_t high);
/* K of log:K, the number of records in each decade of steps. */
unsigned cli_parse_record(struct argp_state *state, const char *text);
/* The index of text among names (NULL-terminated), else a usage error that lists them. */
int cli_parse_choice(struct argp_state *state, const char *flag, const char *text, const char *const *names);

/* Prints "biascope: message" on stderr and returns the exit code of the status (0-4; all others are 2). */
int cli_report(biascope_status status, const biascope_error *error);

/* Fills the error and returns the status. */
__attribute__((format(printf, 3, 4))) biascope_status cli_fail(biascope_error *error, biascope_status status,
                                                               const char *format, ...);
/* Turns names such as "l2,linf" into a set of references; "all" is the set `all`, "none" the empty set. */
biascope_reference_set cli_parse_references(struct argp_state *state, const char *text, biascope_reference_set all);

/* Leaves out of `all` what has no meaning of its own for the data; BIASCOPE_USAGE where that was named. */
biascope_status cli_fit_references(const biascope_dataset *data, biascope_reference_set all,
                                   biascope_reference_set *set, biascope_error *error);

/* Reads DATA, and prints the reader's notes on stderr. */
biascope_status cli_read_data(const cli_common *common, biascope_dataset **out, biascope_error *error);
/* Adds the same notes as a member, if there are any. */
void cli_json_notes(json_t *object, const biascope_dataset *data);
/* If the data have an intercept, moves its weight from "direction" to a member of its own. */
void cli_split_intercept(json_t *object, const biascope_dataset *data);
/* What is done with the weights, and what came out. */
typedef struct {
  const char *out, *test, *test_labels;  /* files, or NULL */
  double test_fraction;                  /* the fraction of DATA, in place of a file; 0: none */
  biascope_dataset *data;                /* the test data; NULL: none */
  double accuracy, limit;                /* of the weights and of the predicted limit on them; NaN: not known */
  biascope_reference_set compared;       /* these references were looked at: */
  double reference[BIASCOPE_REFERENCES]; /* their accuracy; NaN: not certified */
} cli_result;
extern const struct argp cli_result_argp; /* input: a cli_result */
/* The value of --test-fraction; and an error if there is a file (NULL: none) as well as a fraction (0: none). */
double cli_parse_test_fraction(struct argp_state *state, const char *text);
void cli_require_one_test(struct argp_state *state, const char *test, double fraction);
/* Whether --test or --test-fraction was given. */
bool cli_is_tested(const cli_result *result);
/* Reads DATA as cli_read_data, without the part held out, and the test data if asked for. */
biascope_status cli_read_data_and_test(cli_common *common, cli_result *result, biascope_dataset **out,
                                       biascope_error *error);
void cli_free_test(cli_result *result);
/* Gives the problem the test data, if there are any. */
biascope_status cli_set_test(const cli_result *result, biascope_problem *problem, biascope_error *error);
/* Finds the accuracies. limit: NULL if there is none. */
biascope_status cli_test(cli_result *result, biascope_problem *problem, biascope_reference_set references,
                         const biascope_prediction *limit, const double *weights, biascope_error *error);
/* Writes the weights to --out, if asked for. */
biascope_status cli_write_weights(const cli_result *result, const biascope_dataset *data, const double *weights,
                                  biascope_error *error);
/* The accuracies, if there are test data, as members of an object and as a line of text. */
void cli_json_test(json_t *object, const cli_result *result);
void cli_print_test(const char *name, const cli_result *result);
/* The files that a call reads and writes, under the names that its user has for them. */
typedef struct {
  const char *name, *path;
  bool written;
} cli_file;
enum { CLI_MOST_FILES = 8 };
typedef struct {
  cli_file file[CLI_MOST_FILES];
  size_t count;
} cli_files;
/* Add a file, unless its path is NULL. */
void cli_reads(cli_files *files, const char *name, const char *path);
void cli_writes(cli_files *files, const char *name, const char *path);
void cli_reads_data(cli_files *files, const cli_common *common);
void cli_uses_result(cli_files *files, const cli_result *result);
/* BIASCOPE_USAGE if what is written would overwrite another of the files. Called before any work is done. */
biascope_status cli_keep_apart(const cli_files *files, biascope_error *error);
/* The same for a command that reads a store and writes one file. */
biascope_status cli_keep_store_apart(const char *store, const char *out, biascope_error *error);
/* "classes" and "counts", if the labels are not folded in. */
void cli_json_classes(json_t *object, const biascope_dataset *data);
/* A name from a file; it may not be UTF-8. */
json_t *cli_json_text(const char *text);

/* A finite number, else null: JSON has no NaN. */
json_t *cli_json_number(double value);
json_t *cli_json_array(size_t n, const double *values);
/* Weights: d numbers for two classes, else a list of d for each class. */
json_t *cli_json_weights(const biascope_dataset *data, const double *weights);
/* A dual of rows (biascope_margin): one number for each sample, or one list for each sample with an entry for each
 * class, 0 at its own class. */
json_t *cli_json_dual(const biascope_dataset *data, const double *dual);
/* The samples that have a row with positive dual: their indices, their number, and that as text. */
json_t *cli_json_support(const biascope_dataset *data, const double *dual);
size_t cli_supporting_samples(const biascope_dataset *data, const double *dual);
void cli_print_support(const char *name, const biascope_dataset *data, const double *dual);
/* Adds every measure that the problem has under its name, those of one family as one object: "cosine":{"l2": ...,
 * ...}. */
void cli_json_measures(json_t *object, const biascope_problem *problem, const biascope_measurement *measured);
/* The parts of data that are not separable with their proof, as JSON and as text. */
json_t *cli_json_parts(const biascope_parts *parts);
void cli_print_parts(const biascope_parts *parts);
/* Tells cli_print_json about every failed allocation of JSON, because an array that lacks an entry is not a result.
 * Called once, before anything else. */
void cli_watch_json(void);
/* Prints the object with 17 digits to stdout and frees it. Returns an exit code. If stdout cannot be written, the
 * program reports it when it ends. */
int cli_print_json(json_t *object);

/* The path of a file that comes with the program: in the first of the `places` that has it, else in the last. Places
 * are folders relative to the program's own folder, each with its slash; NULL ends the list. */
enum { CLI_PATH_SIZE = 4096 + 64 };
extern const char *const cli_data_places[]; /* where data and pages are, in the build and installed */
void cli_find_shipped(const char *name, const char *const *places, char path[CLI_PATH_SIZE]);

/* OpenBLAS chooses its kernels by the processor's model when it is loaded, and those for SSE3, a third as fast, for a
 * model that it does not know: starts the program again with kernels for the vectors that the processor has. */
void cli_start_with_fast_kernels(char **argv);

/* The program, as main calls it. */
int cli_run(int argc, char **argv);

/* The subcommands, one file each; argv[0] is the subcommand's name. */
int cli_info(int argc, char **argv);
int cli_solve(int argc, char **argv);
int cli_train(int argc, char **argv);
int cli_predict(int argc, char **argv);
int cli_doctor(int argc, char **argv);
int cli_apply(int argc, char **argv);
int cli_generate(int argc, char **argv);
int cli_reproduce(int argc, char **argv);
int cli_sweep(int argc, char **argv);
int cli_runs(int argc, char **argv);
int cli_report_page(int argc, char **argv);
int cli_plot(int argc, char **argv);
int cli_explore(int argc, char **argv);
int cli_merge(int argc, char **argv);
int cli_bench(int argc, char **argv);

/* The name of a kind of limit, and what it means, in words. */
const char *cli_limit_kind(biascope_limit_kind kind);
const char *cli_limit_meaning(biascope_limit_kind kind);

/* A copy of the numbers, to be freed; NULL if out of memory. */
double *cli_copy_numbers(size_t count, const double *numbers);

#endif
