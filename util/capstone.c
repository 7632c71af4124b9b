#include "util/capstone.h"

#include <dlfcn.h>

#ifdef ARMEMU_CAPSTONE_LINKED

bool capstone_load(struct capstone *c)
{
    *c = (struct capstone){cs_open, cs_option, cs_malloc, cs_disasm_iter, cs_free, cs_close};
    return true;
}

#else

#define TEXT_OF(x) #x
#define SONAME(major) "libcapstone.so." TEXT_OF(major)

bool capstone_load(struct capstone *c)
{
    void *library = dlopen(SONAME(CS_API_MAJOR), RTLD_LAZY | RTLD_LOCAL);
    if (!library)
        return false;
    c->open = dlsym(library, "cs_open");
    c->option = dlsym(library, "cs_option");
    c->malloc = dlsym(library, "cs_malloc");
    c->disasm_iter = dlsym(library, "cs_disasm_iter");
    c->free = dlsym(library, "cs_free");
    c->close = dlsym(library, "cs_close");
    return c->open && c->option && c->malloc && c->disasm_iter && c->free && c->close;
}

#endif
