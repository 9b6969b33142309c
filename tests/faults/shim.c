/* Makes one call of the C library fail, of those on files below a folder.
 *
 * Preloaded into a Python process (LD_PRELOAD), so that calls of Python, of Arrow and of polars
 * count alike. The process arms it through ctypes: the n-th call from then on fails, or every
 * read or write from the n-th on (a disk that is full stays full, and one that is broken, broken).
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { READS = 1, WRITES = 2, NAMES = 4, LOOKS = 8, ENDS = 16 };
#define MOST_FDS 4096

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX];
static char below[MOST_FDS];  /* whether a descriptor is of a file below root */
static long calls, nth;
static int armed, number, staying, fired_times, kinds;
static char fired[2 * PATH_MAX];

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

/* ---- what Python calls ---- */

void fault_root(const char *folder) { snprintf(root, sizeof root, "%s", folder); }

/* at: which call fails, from 1 on; 0 only counts. error: its errno. stays: so do later reads and writes.
 * of: the kinds of calls that count. */
void fault_arm(long at, int error, int stays, int of) {
    pthread_mutex_lock(&lock);
    calls = 0; nth = at; number = error; staying = stays; kinds = of;
    fired_times = 0; fired[0] = 0; armed = 1;
    pthread_mutex_unlock(&lock);
}

long fault_disarm(void) { armed = 0; return calls; }
int fault_fired(void) { return fired_times; }
const char *fault_place(void) { return fired; }

/* ---- which calls count ---- */

static int path_below(int folder, const char *path, char *full) {
    if (!root[0] || !path) return 0;
    if (!strncmp(path, "/dev/fd/", 8) || !strncmp(path, "/proc/self/fd/", 14)) {
        ssize_t size = readlink(path, full, PATH_MAX - 1);
        if (size < 0) return 0;
        full[size] = 0;
    } else if (path[0] == '/') {
        snprintf(full, PATH_MAX, "%s", path);
    } else if (folder != AT_FDCWD) {
        snprintf(full, PATH_MAX, "%d/%s", folder, path);
        return folder >= 0 && folder < MOST_FDS && below[folder];
    } else {
        char here[PATH_MAX];
        if (!getcwd(here, sizeof here)) return 0;
        snprintf(full, PATH_MAX, "%.2000s/%.2000s", here, path);
    }
    return !strncmp(full, root, strlen(root));
}

static int fails(const char *call, int kind, const char *where) {
    int result = 0;
    if (!armed || !(kinds & kind)) return 0;
    pthread_mutex_lock(&lock);
    calls++;
    if (nth && (calls == nth || (staying && calls > nth && (kind & (READS | WRITES))))) {
        if (!fired_times++) snprintf(fired, sizeof fired, "%s %s", call, where);
        result = 1;
    }
    pthread_mutex_unlock(&lock);
    if (result) errno = number;
    return result;
}

static int fails_at(const char *call, int kind, int folder, const char *path) {
    char full[PATH_MAX];
    if (!armed || !path_below(folder, path, full)) return 0;
    return fails(call, kind, full);
}

static int fails_on(const char *call, int kind, int fd) {
    char name[32];
    if (!armed || fd < 0 || fd >= MOST_FDS || !below[fd]) return 0;
    snprintf(name, sizeof name, "descriptor %d", fd);
    return fails(call, kind, name);
}

static int opened(int fd, int folder, const char *path) {
    char full[PATH_MAX];
    int kept = errno;
    if (fd >= 0 && fd < MOST_FDS) below[fd] = path_below(folder, path, full);
    errno = kept;
    return fd;
}

/* ---- the calls ---- */

#define MODE_OF(flags) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { \
        va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); \
    }

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        MODE_OF(flags) REAL(name); \
        if (fails_at("open", NAMES, AT_FDCWD, path)) return -1; \
        return opened(real(path, flags, mode), AT_FDCWD, path); \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
    int name(int folder, const char *path, int flags, ...) { \
        MODE_OF(flags) REAL(name); \
        if (fails_at("openat", NAMES, folder, path)) return -1; \
        return opened(real(folder, path, flags, mode), folder, path); \
    }
OPENAT(openat)
OPENAT(openat64)

int close(int fd) {
    REAL(close);
    int bad = fails_on("close", ENDS, fd);
    if (fd >= 0 && fd < MOST_FDS) below[fd] = 0;
    int result = real(fd);  /* closed either way, as Linux does */
    if (!bad) return result;
    errno = number;
    return -1;
}

#define ON_FD(type, name, kind, types, values) \
    type name types { \
        REAL(name); \
        if (fails_on(#name, kind, fd)) return -1; \
        return real values; \
    }
ON_FD(ssize_t, read, READS, (int fd, void *to, size_t size), (fd, to, size))
ON_FD(ssize_t, pread, READS, (int fd, void *to, size_t size, off_t at), (fd, to, size, at))
ON_FD(ssize_t, pread64, READS, (int fd, void *to, size_t size, off64_t at), (fd, to, size, at))
ON_FD(ssize_t, readv, READS, (int fd, const struct iovec *to, int count), (fd, to, count))
ON_FD(ssize_t, write, WRITES, (int fd, const void *of, size_t size), (fd, of, size))
ON_FD(ssize_t, pwrite, WRITES, (int fd, const void *of, size_t size, off_t at), (fd, of, size, at))
ON_FD(ssize_t, pwrite64, WRITES, (int fd, const void *of, size_t size, off64_t at),
      (fd, of, size, at))
ON_FD(ssize_t, writev, WRITES, (int fd, const struct iovec *of, int count), (fd, of, count))
ON_FD(int, ftruncate, WRITES, (int fd, off_t size), (fd, size))
ON_FD(int, ftruncate64, WRITES, (int fd, off64_t size), (fd, size))
ON_FD(int, fsync, WRITES, (int fd), (fd))
ON_FD(int, fdatasync, WRITES, (int fd), (fd))
ON_FD(int, flock, LOOKS, (int fd, int operation), (fd, operation))
ON_FD(int, fchmod, NAMES, (int fd, mode_t mode), (fd, mode))
ON_FD(int, fstat, LOOKS, (int fd, struct stat *found), (fd, found))
ON_FD(int, fstat64, LOOKS, (int fd, struct stat64 *found), (fd, found))

int dup(int fd) {
    REAL(dup);
    int copy = real(fd);
    if (copy >= 0 && copy < MOST_FDS && fd < MOST_FDS) below[copy] = below[fd];
    return copy;
}

#define FCNTL(name) \
    int name(int fd, int command, ...) { \
        va_list rest; va_start(rest, command); \
        void *value = va_arg(rest, void *); va_end(rest); \
        REAL(name); \
        int result = real(fd, command, value); \
        if (command == F_DUPFD_CLOEXEC && result >= 0 && result < MOST_FDS && fd < MOST_FDS) \
            below[result] = below[fd]; \
        return result; \
    }
FCNTL(fcntl)
FCNTL(fcntl64)

#define ON_PATH(type, failed, name, kind, types, values) \
    type name types { \
        REAL(name); \
        if (fails_at(#name, kind, AT_FDCWD, path)) return failed; \
        return real values; \
    }
ON_PATH(int, -1, unlink, NAMES, (const char *path), (path))
ON_PATH(int, -1, rmdir, NAMES, (const char *path), (path))
ON_PATH(int, -1, mkdir, NAMES, (const char *path, mode_t mode), (path, mode))
ON_PATH(int, -1, rename, NAMES, (const char *path, const char *to), (path, to))
ON_PATH(int, -1, link, NAMES, (const char *path, const char *to), (path, to))
ON_PATH(int, -1, chmod, NAMES, (const char *path, mode_t mode), (path, mode))
ON_PATH(int, -1, chown, NAMES, (const char *path, uid_t user, gid_t group), (path, user, group))
ON_PATH(int, -1, access, LOOKS, (const char *path, int mode), (path, mode))
ON_PATH(int, -1, stat, LOOKS, (const char *path, struct stat *found), (path, found))
ON_PATH(int, -1, stat64, LOOKS, (const char *path, struct stat64 *found), (path, found))
ON_PATH(int, -1, lstat, LOOKS, (const char *path, struct stat *found), (path, found))
ON_PATH(int, -1, lstat64, LOOKS, (const char *path, struct stat64 *found), (path, found))

/* The names of before glibc 2.33, by which wheels know stat. */
#define OLD_STAT(name, kind) \
    int name(int version, const char *path, kind *found) { \
        REAL(name); \
        return fails_at(#name, LOOKS, AT_FDCWD, path) ? -1 : real(version, path, found); \
    }
int __xstat(int, const char *, struct stat *);
int __xstat64(int, const char *, struct stat64 *);
int __lxstat64(int, const char *, struct stat64 *);
int __fxstat64(int, int, struct stat64 *);
OLD_STAT(__xstat, struct stat)
OLD_STAT(__xstat64, struct stat64)
OLD_STAT(__lxstat64, struct stat64)
int __fxstat64(int version, int fd, struct stat64 *found) {
    REAL(__fxstat64);
    return fails_on("__fxstat64", LOOKS, fd) ? -1 : real(version, fd, found);
}

DIR *opendir(const char *path) {
    REAL(opendir);
    return fails_at("opendir", LOOKS, AT_FDCWD, path) ? NULL : real(path);
}

#define ON_PATH_AT(name, kind, types, values) \
    int name types { \
        REAL(name); \
        if (fails_at(#name, kind, folder, path)) return -1; \
        return real values; \
    }
ON_PATH_AT(fstatat, LOOKS, (int folder, const char *path, struct stat *found, int flags),
           (folder, path, found, flags))
ON_PATH_AT(fstatat64, LOOKS, (int folder, const char *path, struct stat64 *found, int flags),
           (folder, path, found, flags))
ON_PATH_AT(statx, LOOKS,
           (int folder, const char *restrict path, int flags, unsigned mask,
            struct statx *restrict found),
           (folder, path, flags, mask, found))
ON_PATH_AT(unlinkat, NAMES, (int folder, const char *path, int flags), (folder, path, flags))
ON_PATH_AT(fchmodat, NAMES, (int folder, const char *path, mode_t mode, int flags),
           (folder, path, mode, flags))
ON_PATH_AT(renameat, NAMES, (int folder, const char *path, int other, const char *to),
           (folder, path, other, to))
ON_PATH_AT(renameat2, NAMES,
           (int folder, const char *path, int other, const char *to, unsigned flags),
           (folder, path, other, to, flags))
ON_PATH_AT(linkat, NAMES,
           (int folder, const char *path, int other, const char *to, int flags),
           (folder, path, other, to, flags))
