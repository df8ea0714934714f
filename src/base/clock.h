/* The system's clocks, in seconds. */
#ifndef BIASCOPE_BASE_CLOCK_H
#define BIASCOPE_BASE_CLOCK_H

#include <time.h>

/* CLOCK_MONOTONIC: time passed; CLOCK_THREAD_CPUTIME_ID: this thread's work; CLOCK_REALTIME: since 1970. */
double bs_clock(clockid_t clock);

#endif
