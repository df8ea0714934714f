/* Chooses the format by the ending of the path. */
#include "base/file.h"
#include "data/ending.h"
#include "data/formats.h"

#include <locale.h>
#include <string.h>

static const bs_file_format FORMATS[] = {
    {"csv", ".csv", bs_csv_read, bs_csv_write, ',', false},
    {"tsv", ".tsv", bs_csv_read, NULL, '\t', false},
    {"text", ".txt", bs_csv_read, NULL, 0, false},
    {"text", ".dat", bs_csv_read, NULL, 0, false},
    {"text", ".data", bs_csv_read, NULL, 0, false},
    {"text", ".tra", bs_csv_read, NULL, 0, false}, /* these six: parts of a data set, as UCI names them */
    {"text", ".tes", bs_csv_read, NULL, 0, false},
    {"text", ".trn", bs_csv_read, NULL, 0, false},
    {"text", ".tst", bs_csv_read, NULL, 0, false},
    {"text", ".train", bs_csv_read, NULL, 0, false},
    {"text", ".test", bs_csv_read, NULL, 0, false},
    {"arff", ".arff", bs_arff_read, NULL, ',', false},
    {"libsvm", ".svm", bs_libsvm_read, bs_libsvm_write, 0, false},
    {"libsvm", ".libsvm", bs_libsvm_read, bs_libsvm_write, 0, false},
    {"npy", ".npy", bs_npy_read, bs_npy_write, 0, false},
    {"npz", ".npz", bs_npz_read, NULL, 0, true},
};
enum { FORMAT_COUNT = sizeof FORMATS / sizeof FORMATS[0] };

static const bs_file_format *format_by_ending(const char *path, size_t length) {
  for (size_t i = 0; i < FORMAT_COUNT; i++)
    if (bs_ends_with(path, length, FORMATS[i].ending)) return &FORMATS[i];
  return NULL;
}

static const bs_file_format *format_by_name(const char *name) {
  for (size_t i = 0; i < FORMAT_COUNT; i++)
    if (!strcmp(name, FORMATS[i].name)) return &FORMATS[i];
  return NULL;
}

/* Endings of files that hold data but are not read, and what to do with them. */
static const struct {
  const char *endings[5];
  const char *what, *advice;
} FOREIGN[] = {
    {{".parquet", ".pq", ".feather", ".arrow", ".ipc"},
     "Parquet and Arrow files are not read",
     "write it as CSV or NPY, for example with python3 -c \"import pandas; "
     "pandas.read_parquet('data.parquet').to_csv('data.csv', index=False)\" (or read_feather)"},
    {{".xlsx", ".xls", ".ods", ".numbers"}, "spreadsheets are not read", "save the sheet as CSV"},
    {{".mat", ".h5", ".hdf5", ".nc"}, "MATLAB and HDF5 files are not read", "write the arrays with numpy.savez"},
    {{".pkl", ".pickle", ".joblib", ".pt", ".pth"},
     "Python's pickles are not read",
     "write the arrays with numpy.savez"},
    {{".rds", ".rda", ".rdata", ".sav", ".dta"}, "files of R, SPSS and Stata are not read", "write.csv(d, \"d.csv\")"},
    {{".db", ".sqlite", ".sqlite3", ".sql"},
     "databases are not read",
     "sqlite3 -csv -header FILE 'select ...' | biascope info - --format csv"},
    {{".json", ".jsonl", ".ndjson", ".xml", ".html"}, "JSON and XML are not read", "write it as CSV"},
    {{".zip", ".tar", ".tgz", ".7z", ".rar"}, "archives of files are not read", "unpack it"},
};

static biascope_status fail_ending(const char *path, biascope_error *error) {
  const size_t length = bs_length_uncompressed(path);
  for (size_t i = 0; i < sizeof FOREIGN / sizeof FOREIGN[0]; i++)
    for (size_t e = 0; e < 5 && FOREIGN[i].endings[e]; e++)
      if (bs_ends_with(path, length, FOREIGN[i].endings[e]))
        return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: %s; %s", path, FOREIGN[i].what, FOREIGN[i].advice);
  return bs_fail(error, BIASCOPE_BAD_INPUT,
                 "%s: unknown file ending; expected .csv, .tsv, .txt, .dat, .data, .arff, .svm, .libsvm, .npy or .npz, "
                 "with .gz, .bz2, .xz or .zst after it if need be, or a format named by --format",
                 path);
}

static biascope_status find_reader(const char *path, const biascope_read_options *options,
                                   const bs_file_format **format, biascope_error *error) {
  *format = options->format ? format_by_name(options->format) : format_by_ending(path, bs_length_uncompressed(path));
  if (*format) return BIASCOPE_OK;
  if (!options->format) return fail_ending(path, error);
  return bs_fail(error, BIASCOPE_USAGE, "format '%s' is unknown; expected csv, tsv, text, arff, libsvm, npy or npz",
                 options->format);
}

/* Refuses options that the format cannot obey. */
static biascope_status check_options(const char *path, const bs_file_format *format,
                                     const biascope_read_options *options, biascope_error *error) {
  const bool text = format->read == bs_csv_read || format->read == bs_arff_read,
             sparse = format->read == bs_libsvm_read;
  const struct {
    bool given;
    const char *what, *where;
  } refused[] = {
      {options->label_column && sparse, "a label column can be named", "for text and arrays"},
      {options->labels && options->label_column, "labels come from a column or from a file:", "from one place"},
      {(options->delimiter || options->decimal) && !text, "a delimiter or decimal point can be given", "for text"},
      {options->one_hot && !text, "words become features", "in text"},
      {options->zero_based && !sparse, "indices count from 0 or 1", "in LIBSVM's format"},
      {options->missing && sparse, "values can be missing", "in text and arrays"},
      {options->negative && !options->positive, "a negative class can be named", "beside a positive one"},
      {options->like && (options->columns || options->drop || options->scaling || options->intercept),
       "columns, scale and intercept are the classifier's", "where there is one"},
      {options->like && options->positive && !options->negative, "the positive class is the classifier's",
       "where there is one"},
  };
  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
    if (refused[i].given)
      return bs_fail(error, BIASCOPE_USAGE, "%s: %s %s only", path, refused[i].what, refused[i].where);
  return BIASCOPE_OK;
}

static biascope_status open_source(bs_input *source, const char *path, const bs_file_format *format,
                                   biascope_error *error) {
  if (format->is_archive) return bs_input_open_zip(source, path, error);
  if (path[bs_length_uncompressed(path)]) return bs_input_open_compressed(source, path, error);
  return bs_input_open(source, path, error);
}

biascope_status biascope_dataset_read(const char *path, const biascope_read_options *options, biascope_dataset **out,
                                      biascope_error *error) {
  static const biascope_read_options DEFAULTS = {0};
  *out = NULL;
  if (!options) options = &DEFAULTS;
  const bs_file_format *format;
  biascope_status status = find_reader(path, options, &format, error);
  if (status == BIASCOPE_OK) status = check_options(path, format, options, error);
  if (status != BIASCOPE_OK) return status;
  bs_input source;
  status = open_source(&source, path, format, error);
  if (status != BIASCOPE_OK) return status;
  source.monitor = options->monitor;
  bs_table table = {.path = source.path};
  status = format->read(&source, format, options, &table, error);
  bs_input_close(&source);
  if (status == BIASCOPE_OK) status = bs_table_finish(&table, options, out, error);
  bs_table_free(&table);
  return status;
}

biascope_status biascope_dataset_read_like(const char *path, const biascope_read_options *options,
                                           const biascope_model *like, biascope_dataset **out, biascope_error *error) {
  biascope_read_options read = *options;
  read.columns = read.drop = NULL;
  if (!read.negative) read.positive = NULL;
  read.scaling = BIASCOPE_UNSCALED;
  read.intercept = false;
  read.several_classes = like->outputs > 1;
  read.like = like;
  return biascope_dataset_read(path, &read, out, error);
}

biascope_status biascope_dataset_write(const biascope_dataset *data, const char *path, biascope_error *error) {
  const bs_file_format *format = format_by_ending(path, strlen(path));
  if (!format || !format->write)
    return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: unknown file ending; expected .csv, .svm, .libsvm or .npy", path);
  const locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (!c_locale) return bs_fail_memory(error, "the C locale");
  biascope_output file;
  biascope_status status = biascope_output_open(&file, path, error);
  if (status == BIASCOPE_OK) {
    const locale_t users = uselocale(c_locale); /* of this thread only */
    format->write(data, file.stream);
    uselocale(users);
    status = biascope_output_commit(&file, error);
  }
  freelocale(c_locale);
  return status;
}
