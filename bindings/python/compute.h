/* How the library's work is done for Python: without the interpreter's lock, and so that Ctrl-C is heard meanwhile. */
#ifndef BIASCOPE_PYTHON_COMPUTE_H
#define BIASCOPE_PYTHON_COMPUTE_H

#include "biascope.h"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <nanobind/nanobind.h>
#include <string>
#include <thread>
#include <utility>

namespace nb = nanobind;

/* A failure on its way to Python: (status, message). */
struct Failure {
  biascope_status status;
  std::string message;
};

inline void check(biascope_status status, const biascope_error &error) {
  if (status != BIASCOPE_OK) throw Failure{status, error.message};
}

/* What a function of the library found, freed with it. */
template <class Value, void (*release)(Value *)> struct Found {
  biascope_status status = BIASCOPE_OK;
  biascope_error error = {};
  Value value = {};

  Found() = default;
  Found(const Found &) = delete;
  Found &operator=(const Found &) = delete;
  ~Found() { release(&value); }

  /* The best that was found is a result too, for whoever raises the exception. */
  bool holds_result() const {
    return status == BIASCOPE_OK || status == BIASCOPE_NOT_SEPARABLE || status == BIASCOPE_NOT_CONVERGED;
  }
  void check_result() const {
    if (!holds_result()) throw Failure{status, error.message};
  }
};

/* The time between two looks for Ctrl-C. */
constexpr std::chrono::milliseconds SLICE{50};

/* Does the work in a thread of its own. Meanwhile this one looks for Ctrl-C and calls tick (None: nothing). After
 * Ctrl-C the work goes on unheeded until it is done, because a search has no place to stop at; so the work must own all
 * it uses. */
template <class Work> void compute(Work work, const nb::object &tick) {
  struct State {
    std::mutex lock;
    std::condition_variable said;
    bool done = false;
    std::exception_ptr thrown;
  };
  const auto state = std::make_shared<State>();
  std::thread([state, work = std::move(work)]() mutable {
    try {
      work();
    } catch (...) {
      state->thrown = std::current_exception();
    }
    const std::lock_guard<std::mutex> hold(state->lock);
    state->done = true;
    state->said.notify_one();
  }).detach();
  for (bool done = false; !done;) {
    {
      const nb::gil_scoped_release release;
      std::unique_lock<std::mutex> hold(state->lock);
      done = state->said.wait_for(hold, SLICE, [&] { return state->done; });
    }
    if (!done && PyErr_CheckSignals() != 0) throw nb::python_error();
    if (!done && !tick.is_none()) tick();
  }
  if (state->thrown) std::rethrow_exception(state->thrown);
}

/* A monitor of work that can be stopped: it looks for Ctrl-C, and calls tick with what is done. Whoever passes it on
 * raises Python's error after BIASCOPE_CANCELLED. */
struct Watch {
  const nb::object &tick;
  std::chrono::steady_clock::time_point last = std::chrono::steady_clock::now();

  biascope_monitor monitor() { return {tell, this}; }

  static bool tell(void *state, const biascope_progress *progress) {
    auto *watch = static_cast<Watch *>(state);
    const auto now = std::chrono::steady_clock::now();
    if (now - watch->last < SLICE) return true;
    watch->last = now;
    const nb::gil_scoped_acquire acquire;
    if (PyErr_CheckSignals() != 0) return false;
    try {
      if (!watch->tick.is_none()) watch->tick(progress->done);
    } catch (nb::python_error &error) {
      error.restore();
      return false;
    }
    return true;
  }
};

#endif
