/* How the parts of data that are not separable are printed. */
#include "cli/cli.h"

#include <stdio.h>

/* The indices with member[i] == wanted. */
static json_t *members(size_t n, const bool *member, bool wanted) {
  json_t *array = json_array();
  for (size_t i = 0; i < n; i++) {
    if (member[i] == wanted) json_array_append_new(array, json_integer((json_int_t)i));
  }
  return array;
}

json_t *cli_json_parts(const biascope_parts *parts) {
  return json_pack(
      "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I}", "separable", members(parts->samples, parts->separable, true),
      "inseparable", members(parts->samples, parts->separable, false), "dual",
      cli_json_array(parts->samples, parts->dual), "residual", cli_json_number(parts->residual), "direction",
      cli_json_array(parts->features, parts->direction), "margin", cli_json_number(parts->margin), "leak",
      cli_json_number(parts->leak), "rank", (json_int_t)parts->rank);
}

void cli_print_parts(const biascope_parts *parts) {
  printf(
      "parts      %zu of %zu samples combine to zero and span %zu dimension%s (relative residual %.1e): there the loss "
      "has a finite minimiser\n",
      parts->samples - parts->separable_count, parts->samples, parts->rank, parts->rank == 1 ? "" : "s",
      parts->residual);
  if (parts->separable_count == 0) return;
  printf("           %zu can be separated at once, by a direction orthogonal to those, with l2 margin %s: along it "
         "the loss falls without end\n",
         parts->separable_count, biascope_digits(parts->margin, 0.0, 6).text);
}
