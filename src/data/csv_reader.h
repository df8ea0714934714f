/* The state while delimiter-separated text is read; for the files csv*.c only. */
#ifndef BIASCOPE_DATA_CSV_READER_H
#define BIASCOPE_DATA_CSV_READER_H

#include "data/csv_look.h"
#include "data/formats.h"
#include "data/growth.h"
#include "data/lines.h"

typedef enum { BS_FEATURE, BS_LABEL, BS_SKIPPED, BS_CATEGORY } bs_role;

typedef struct {
  bs_lines lines;
  const biascope_read_options *options;
  bs_table *table;
  biascope_error *error;
  bs_dialect dialect;
  size_t columns; /* of a row, the skipped ones included; 0 before the first line */
  unsigned char *role;
  bool header;
  char comment;            /* the characters that begin a comment */
  bool row_names;          /* the header has no name for the first column, which contains the names of the rows */
  size_t declared_samples; /* from scikit-learn's first line, or 0 */
  char *class_names;       /* that line, or NULL */
  size_t declared_classes; /* the number of names in it */
  bs_growth values;
  bs_labels *category; /* the words of each column; NULL if no column is BS_CATEGORY */
  size_t skipped;      /* the number of comments */
  bool truths;         /* true and false among the values */
} bs_csv_reader;

/* Reads the remaining lines, after those that csv_header.c has read, and makes the table of all rows. */
biascope_status bs_csv_read_rows(bs_csv_reader *csv);
void bs_csv_free(bs_csv_reader *csv);
/* ARFF: single quotes around the fields of a line in the reader's buffer become double ones. */
void bs_arff_unquote(const bs_csv_reader *csv, bs_span line);
/* Divides columns of known names into the label, features and columns left out. */
biascope_status bs_csv_divide(bs_csv_reader *csv, char **names);
/* Finds the delimiter and the decimal point. A note says if they are not what the ending suggests. */
biascope_status bs_csv_look_at(bs_csv_reader *csv, char usual);
/* Counts the columns and gives each its role. The names in a header become those of the features. */
biascope_status bs_csv_first_line(bs_csv_reader *csv, bool *is_header);
/* A line that begins with '#': a comment, a header, or, where it may be data, an error. */
biascope_status bs_csv_comment(bs_csv_reader *csv, bool *is_comment);
/* Finds the columns of words, from the lines ahead and the current one unless that is a header. */
biascope_status bs_csv_find_categories(bs_csv_reader *csv);
/* Each column of words becomes columns of 0 and 1, one for each word. */
biascope_status bs_csv_expand_categories(bs_csv_reader *csv);
void bs_csv_free_categories(bs_csv_reader *csv);
/* Takes the next field of the current line; *cursor as in bs_take_field. */
biascope_status bs_csv_take(const bs_csv_reader *csv, const char **cursor, bs_field *field);

#endif
