/* The library's answers as Python's dicts, by the names of the library's structs. Where it hands out the best it found
 * although it failed, a tuple (status, message, dict). `tick`: see compute. */
#ifndef BIASCOPE_PYTHON_ANSWERS_H
#define BIASCOPE_PYTHON_ANSWERS_H

#include "objects.h"

/* free_intercept: the norm leaves the last feature's weight out. */
nb::tuple solve(const Data &data, const std::string &norm, double p, const std::optional<Vector> &metric,
                double tolerance, bool free_intercept, const nb::object &tick);
/* confirm: a number of biascope_confirm. */
nb::tuple predict(const Data &data, const Options &training, size_t starts, double tolerance, int confirm,
                  const nb::object &tick);
/* (log_loss, weight_norm, margin, accuracy) at each of the steps, and the weights at the last. */
nb::dict forecast(const Data &data, const Options &training, const std::vector<uint64_t> &steps,
                  const nb::object &tick);
/* Every measure of the library's table; of the references asked for (a set) the angles too. */
nb::dict measure(const Data &data, unsigned references, const Values &w, const nb::object &tick);
/* Whether the data are separable, and the pair that proves it. */
nb::tuple certify(const Data &data, const nb::object &tick);
/* A status for each pair of more than two classes. */
std::vector<std::vector<int>> decide_pairs(const Data &data, const nb::object &tick);
nb::dict find_parts(const Data &data, const std::string &loss, const nb::object &tick);
nb::dict diagnose(const Data &data, const Options &training, const std::optional<std::string> &norm, double fraction,
                  uint64_t steps, const nb::object &tick);

#endif
