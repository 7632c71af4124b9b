/* Exit statuses of armemu, besides those that the guest chooses by semihosting (armemu(1)). */
#ifndef ARMEMU_APP_EXIT_STATUS_H
#define ARMEMU_APP_EXIT_STATUS_H

enum {
    ARMEMU_EXIT_USAGE = 1,    /* the command line, or the host */
    ARMEMU_EXIT_LOCKSTEP = 3, /* -accel lockstep found a difference */
    ARMEMU_EXIT_IMAGE = 65,   /* a file to run is missing, malformed or does not fit (EX_DATAERR) */
};

#endif
