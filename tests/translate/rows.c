#include "tests/translate/rows.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "frontend/arm/decode_rows.h"

enum { ROWS_BYTES = ROWS_JUDGES * ARM_DECODE_ROW_COUNT };

uint8_t *rows_open(void)
{
    const char *name = getenv("ARMEMU_ROWS");
    int fd = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return NULL;
    void *p = MAP_FAILED;
    if (!ftruncate(fd, ROWS_BYTES))
        p = mmap(NULL, ROWS_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return p == MAP_FAILED ? NULL : p;
}

void rows_close(uint8_t *rows)
{
    if (rows)
        munmap(rows, ROWS_BYTES);
}

void rows_mark(uint8_t *rows, enum rows_judge judge, int id)
{
    if (rows && id >= 0)
        rows[judge * ARM_DECODE_ROW_COUNT + id] = 1;
}
