/* The project's version; the build defines it. */
#ifndef ARMEMU_APP_VERSION_H
#define ARMEMU_APP_VERSION_H

#ifndef ARMEMU_VERSION
#define ARMEMU_VERSION "unknown"
#endif

#endif
