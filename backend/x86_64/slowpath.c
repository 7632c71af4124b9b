#include "backend/x86_64/compiler.h"

/* The XMM registers of the frame, which the thunk for sites with `xmm` has stored below it. */
static uint64_t *frame_xmm(struct slow_frame *f, unsigned reg)
{
    return (uint64_t *)(void *)((uint8_t *)f - XMM_BYTES - 8) + 2 * reg;
}

static void pins_to_slots(const struct pin_map *map, struct slow_frame *f, uint8_t *state)
{
    for (unsigned k = 0; k < map->count; k++) {
        const struct pin *p = &map->pins[k];
        const uint64_t *reg = p->reg < PIN_XMM ? &f->reg[p->reg] : frame_xmm(f, p->reg - PIN_XMM);
        memcpy(state + p->offset, reg, p->bytes);
    }
}

/* What the slow path does is not seen in XMM registers, but for the one that it loads. */
static void slots_to_pins(const struct pin_map *map, struct slow_frame *f, const uint8_t *state)
{
    for (unsigned k = 0; k < map->count && map->pins[k].reg < PIN_XMM; k++) {
        uint32_t v;
        memcpy(&v, state + map->pins[k].offset, sizeof(v));
        f->reg[map->pins[k].reg] = v;
    }
}

/* What a load of this kind leaves in a register. */
static uint64_t extend(uint64_t v, unsigned memop)
{
    unsigned bits = 8u << (memop & IR_MEM_SIZE_MASK);
    if (bits < 64) {
        v &= BIT64(bits) - 1;
        if (memop & IR_MEM_SIGNED)
            v = (v ^ BIT64(bits - 1)) - BIT64(bits - 1);
    }
    return memop & SLOW_WIDE ? v : (uint32_t)v;
}

static uint64_t store_value(const struct slow_frame *f, const struct slow_site *s)
{
    if (s->data_reg != SLOW_NO_REG)
        return f->reg[s->data_reg];
    return s->memop & SLOW_WIDE ? (uint64_t)(int32_t)s->imm : s->imm;
}

/* A value in an XMM register, a v128 by its halves. */
static void access_xmm(const struct ir_callbacks *cb, struct slow_frame *f, struct ir_env *env,
                       const struct slow_site *s, uint32_t addr, uint32_t memop)
{
    uint64_t v[2] = {0, 0}, *reg = s->data_reg == SLOW_NO_REG ? v : frame_xmm(f, s->data_reg);
    bool halves = s->memop & SLOW_HALVES;
    for (unsigned k = 0; k <= halves; k++) {
        uint32_t part = halves ? ir_mem_half(memop, k) : memop;
        if (memop & IR_MEM_WRITE)
            cb->store(env, addr + 8 * k, extend(reg[k], part | SLOW_WIDE), part);
        else
            v[k] = cb->load(env, addr + 8 * k, part);
        if (env->raised)
            return;
    }
    if (memop & IR_MEM_WRITE)
        return;
    reg[0] = extend(v[0], s->memop & ~(unsigned)IR_MEM_SIGNED);
    reg[1] = v[1];
}

bool slowpath_access(struct slow_frame *f, struct backend *be)
{
    struct slow_site site; /* behind the call, wherever that ends */
    memcpy(&site, (const void *)(uintptr_t)f->site, sizeof(site));
    const struct slow_site *s = &site;
    const struct ir_callbacks *cb = &be->config.callbacks;
    struct ir_env *env = (struct ir_env *)(uintptr_t)(f->reg[RBP] - IR_ENV_BIAS);
    uint32_t memop = s->memop & ~(unsigned)(SLOW_WIDE | SLOW_XMM | SLOW_HALVES);
    uint32_t addr = (uint32_t)f->reg[s->addr_reg] + (uint32_t)s->disp;
    bool general = !(s->memop & SLOW_XMM);
    const struct pin_map *map = s->pins ? (const struct pin_map *)(uintptr_t)s->pins : &be->map;
    uint64_t v = 0;
    env->insn_word = s->insn_word;
    env->insn_left = s->insn_left;
    pins_to_slots(map, f, (uint8_t *)env);
    if (!general)
        access_xmm(cb, f, env, s, addr, memop);
    else if (memop & IR_MEM_WRITE)
        cb->store(env, addr, store_value(f, s), memop);
    else
        v = cb->load(env, addr, memop);
    slots_to_pins(env->raised ? &be->map : map, f, (const uint8_t *)env);
    if (!be->config.direct)
        f->reg[R15] = (uintptr_t)env->tables;
    if (env->raised)
        return true;
    if (general && !(memop & IR_MEM_WRITE) && s->data_reg != SLOW_NO_REG)
        f->reg[s->data_reg] = extend(v, s->memop);
    f->site = s->back;
    return false;
}
