// For LD_PRELOAD: writes to the disk do not end while the file $HANGING_DISK is there.

#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static void wait_for_the_disk(void) {
    const char *file = getenv("HANGING_DISK");
    while (file && access(file, F_OK) == 0) usleep(10000);
}

int fsync(int file) {
    wait_for_the_disk();
    return (int)syscall(SYS_fsync, file);
}

int fdatasync(int file) {
    wait_for_the_disk();
    return (int)syscall(SYS_fdatasync, file);
}
