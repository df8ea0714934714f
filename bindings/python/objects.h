/* What the library's objects are in Python. Each shares the objects it was made of, for work that Ctrl-C left behind.
 */
#ifndef BIASCOPE_PYTHON_OBJECTS_H
#define BIASCOPE_PYTHON_OBJECTS_H

#include "compute.h"

#include <algorithm>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>
#include <optional>
#include <vector>

using Matrix = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Vector = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Values = nb::ndarray<const double, nb::c_contig, nb::device::cpu>;
using Starts = nb::ndarray<const uint64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Indices = nb::ndarray<const uint32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Names = std::vector<std::string>;
using Settings = std::vector<std::pair<std::string, std::string>>;

/* A NumPy array, rows x columns, that owns a copy; of one row: a vector. */
inline nb::object array_of(const double *values, size_t rows, size_t columns, bool flat) {
  const size_t count = rows * columns;
  auto *copy = new double[count ? count : 1];
  std::copy(values, values + (values ? count : 0), copy);
  const nb::capsule owner(copy, [](void *memory) noexcept { delete[] static_cast<double *>(memory); });
  if (flat) return nb::cast(nb::ndarray<nb::numpy, double, nb::ndim<1>>(copy, {count}, owner));
  return nb::cast(nb::ndarray<nb::numpy, double, nb::ndim<2>>(copy, {rows, columns}, owner));
}

/* A data set, and what is known of it. */
struct Data {
  std::shared_ptr<biascope_dataset> set;
  std::shared_ptr<biascope_problem> problem;

  static Data own(biascope_dataset *created, const std::optional<Indices> &labels, const Names &names) {
    Data data;
    biascope_error error;
    data.set = std::shared_ptr<biascope_dataset>(created, biascope_dataset_free);
    if (labels) {
      std::vector<const char *> texts;
      for (const std::string &name : names) texts.push_back(name.c_str());
      check(biascope_dataset_set_classes(created, texts.size(), labels->data(), texts.data(), &error), error);
    }
    biascope_problem *problem = nullptr;
    check(biascope_problem_create(created, &problem, &error), error);
    data.problem = std::shared_ptr<biascope_problem>(
        problem, [set = data.set](biascope_problem *held) { biascope_problem_free(held); });
    return data;
  }

  /* labels: the class of each sample, an index into names; None: the rows are folded. */
  static Data dense(const Matrix &rows, const std::optional<Indices> &labels, const Names &names) {
    biascope_dataset *set = nullptr;
    biascope_error error;
    biascope_status status;
    {
      const nb::gil_scoped_release release;
      status = biascope_dataset_from_dense(rows.shape(0), rows.shape(1), rows.data(), &set, &error);
    }
    check(status, error);
    return own(set, labels, names);
  }

  static Data sparse(size_t features, const Starts &start, const Indices &column, const Vector &value,
                     const std::optional<Indices> &labels, const Names &names) {
    biascope_dataset *set = nullptr;
    biascope_error error;
    biascope_status status;
    const std::vector<size_t> starts(start.data(), start.data() + start.shape(0));
    {
      const nb::gil_scoped_release release;
      status = biascope_dataset_from_csr(starts.size() - 1, features, starts.data(), column.data(), value.data(), &set,
                                         &error);
    }
    check(status, error);
    return own(set, labels, names);
  }

  size_t samples() const { return biascope_dataset_samples(set.get()); }
  size_t features() const { return biascope_dataset_features(set.get()); }
  size_t outputs() const { return biascope_dataset_outputs(set.get()); }

  /* Weights: d entries, or a matrix classes x d. */
  nb::object weights_of(const double *values) const { return array_of(values, outputs(), features(), outputs() == 1); }

  nb::object margins(const Values &w) const {
    const biascope_model model = biascope_dataset_model(set.get(), outputs(), w.data());
    biascope_application found;
    biascope_error error;
    check(biascope_model_apply(&model, set.get(), &found, &error), error);
    nb::object margins = array_of(found.margins, 1, found.samples, true);
    biascope_application_free(&found);
    return margins;
  }
};

struct Options {
  std::shared_ptr<biascope_options> options;

  Options(const std::string &optimizer, const Settings &settings) {
    biascope_options *created = nullptr;
    biascope_error error;
    check(biascope_options_create(optimizer.c_str(), &created, &error), error);
    options = std::shared_ptr<biascope_options>(created, biascope_options_free);
    for (const auto &[name, value] : settings) set(name, value);
  }

  void set(const std::string &name, const std::string &value) {
    biascope_error error;
    check(biascope_options_set(options.get(), name.c_str(), value.c_str(), &error), error);
  }

  bool reads(const std::string &name) const { return biascope_options_reads(options.get(), name.c_str()); }

  std::string get(const std::string &name) const {
    char value[64];
    biascope_error error;
    check(biascope_options_get(options.get(), name.c_str(), value, sizeof value, &error), error);
    return value;
  }
};

struct Trainer {
  Data data;
  std::unique_ptr<biascope_trainer, decltype(&biascope_trainer_free)> trainer{nullptr, biascope_trainer_free};

  Trainer(const Data &of, const Options &options) : data(of) {
    biascope_trainer *created = nullptr;
    biascope_error error;
    check(biascope_trainer_create(data.set.get(), options.options.get(), &created, &error), error);
    trainer.reset(created);
  }

  void run_to(uint64_t step, const nb::object &tick) {
    Watch watch{tick};
    const biascope_monitor monitor = watch.monitor();
    biascope_error error;
    biascope_status status;
    {
      const nb::gil_scoped_release release;
      status = biascope_trainer_run_to(trainer.get(), step, &monitor, &error);
    }
    if (status == BIASCOPE_CANCELLED) throw nb::python_error();
    check(status, error);
  }

  nb::object weights() const { return data.weights_of(biascope_trainer_weights(trainer.get())); }
  double log_loss() const { return biascope_trainer_log_loss(trainer.get()); }
};

#endif
