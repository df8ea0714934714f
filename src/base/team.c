#include "base/team.h"

#include "base/memory.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Looks at a counter before a thread goes to sleep: some 30 microseconds, which waking a thread takes as well. */
enum { LOOKS = 2000 };

struct bs_team {
  pthread_t *helper;
  size_t helpers;
  pthread_mutex_t lock; /* guards the rest */
  pthread_cond_t posted, finished;
  void (*work)(void *state, size_t part);
  void *state;
  size_t parts, next, done;
  bool leaving;
  atomic_size_t posts, completions; /* changed under the lock, and read without it by threads that look */
};

static void pause_processor(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb");
#endif
}

/* Waits for a short time until the counter is no longer `value`. The lock is held before and after the call. */
static void await_change(bs_team *team, atomic_size_t *counter, size_t value) {
  pthread_mutex_unlock(&team->lock);
  for (int look = 0; look < LOOKS && atomic_load_explicit(counter, memory_order_relaxed) == value; look++)
    pause_processor();
  pthread_mutex_lock(&team->lock);
}

/* Does the next part. The lock is held before and after the call. */
static void do_part(bs_team *team) {
  void (*const work)(void *, size_t) = team->work;
  void *const state = team->state;
  const size_t part = team->next++;
  pthread_mutex_unlock(&team->lock);
  work(state, part);
  pthread_mutex_lock(&team->lock);
  if (++team->done < team->parts) return;
  team->completions++;
  pthread_cond_signal(&team->finished);
}

static void *help(void *argument) {
  bs_team *team = argument;
  pthread_mutex_lock(&team->lock);
  while (!team->leaving) {
    while (team->next < team->parts) do_part(team);
    const size_t posts = team->posts;
    await_change(team, &team->posts, posts);
    while (team->posts == posts) pthread_cond_wait(&team->posted, &team->lock);
  }
  pthread_mutex_unlock(&team->lock);
  return NULL;
}

biascope_status bs_team_create(bs_team **out, size_t threads, biascope_error *error) {
  bs_team *team = BS_NEW(bs_team, 1);
  *out = NULL;
  if (team) team->helper = BS_NEW(pthread_t, threads > 0 ? threads : 1);
  if (!team || !team->helper) {
    free(team);
    return bs_fail_memory(error, "the threads");
  }
  pthread_mutex_init(&team->lock, NULL);
  pthread_cond_init(&team->posted, NULL);
  pthread_cond_init(&team->finished, NULL);
  while (team->helpers + 1 < threads && pthread_create(&team->helper[team->helpers], NULL, help, team) == 0)
    team->helpers++;
  *out = team;
  return BIASCOPE_OK;
}

void bs_team_free(bs_team *team) {
  if (!team) return;
  pthread_mutex_lock(&team->lock);
  team->leaving = true;
  team->posts++;
  pthread_cond_broadcast(&team->posted);
  pthread_mutex_unlock(&team->lock);
  while (team->helpers > 0) pthread_join(team->helper[--team->helpers], NULL);
  pthread_cond_destroy(&team->finished);
  pthread_cond_destroy(&team->posted);
  pthread_mutex_destroy(&team->lock);
  free(team->helper);
  free(team);
}

size_t bs_team_helpers(const bs_team *team) {
  return team->helpers;
}

static void post(bs_team *team, size_t parts, void (*work)(void *state, size_t part), void *state) {
  team->work = work;
  team->state = state;
  team->parts = parts;
  team->next = team->done = 0;
  team->posts++;
  if (team->helpers > 0) pthread_cond_broadcast(&team->posted);
}

static void wait_for_all(bs_team *team) {
  if (team->done < team->parts) await_change(team, &team->completions, team->completions);
  while (team->done < team->parts) pthread_cond_wait(&team->finished, &team->lock);
}

void bs_team_run(bs_team *team, size_t parts, void (*work)(void *state, size_t part), void *state) {
  pthread_mutex_lock(&team->lock);
  post(team, parts, work, state);
  while (team->next < parts) do_part(team);
  wait_for_all(team);
  pthread_mutex_unlock(&team->lock);
}

void bs_team_start(bs_team *team, size_t parts, void (*work)(void *state, size_t part), void *state) {
  pthread_mutex_lock(&team->lock);
  post(team, parts, work, state);
  pthread_mutex_unlock(&team->lock);
}

void bs_team_finish(bs_team *team) {
  pthread_mutex_lock(&team->lock);
  wait_for_all(team);
  pthread_mutex_unlock(&team->lock);
}
