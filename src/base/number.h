/* Numbers as decimal text, with a decimal point whatever the program's locale. */
#ifndef BIASCOPE_BASE_NUMBER_H
#define BIASCOPE_BASE_NUMBER_H

typedef struct {
  char text[32];
} bs_number_text;

/* At most `digits` significant digits, 1 to 17, as %g has them; 17 carry every double exactly. */
bs_number_text bs_number_rounded(double value, int digits);
/* The fewest digits, 15 to 17, from which the same double is read back. */
bs_number_text bs_number_shortest(double value);

#endif
