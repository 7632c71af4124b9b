/* An I2C bus: one master's view of the slaves. A slave is a device whose ops have `i2c`; it does
 * not know its address, which is the number that it is attached by. */
#ifndef ARMEMU_DEVICES_I2C_I2C_H
#define ARMEMU_DEVICES_I2C_I2C_H

#include <stdbool.h>
#include <stdint.h>

#include "devices/core/device.h"

struct i2c_slave_ops {
    /* A START or repeated START with the slave's address. False: it does not acknowledge. */
    bool (*start)(struct device *slave, bool read);
    /* A byte from the master; false: not acknowledged. */
    bool (*write)(struct device *slave, uint8_t byte);
    uint8_t (*read)(struct device *slave);
    void (*stop)(struct device *slave); /* NULL: nothing to do */
};

enum { I2C_ADDRESSES = 128, I2C_NOBODY = I2C_ADDRESSES };

/** Owned by the master, cleared but for `current` = I2C_NOBODY; only `current` is state. */
struct i2c_bus {
    struct device *slave[I2C_ADDRESSES];
    uint32_t current; /* address of who takes part in the transfer, or I2C_NOBODY */
};

/** For the attach function of a master. */
bool i2c_attach(struct i2c_bus *bus, unsigned address, struct device *slave, struct error *e);
/** START and address; false when nobody acknowledges. */
bool i2c_start(struct i2c_bus *bus, unsigned address, bool read);
/** A byte to the slave; false: not acknowledged. */
bool i2c_write(struct i2c_bus *bus, uint8_t byte);
/** A byte from the slave; 0xff when there is none. */
uint8_t i2c_read(struct i2c_bus *bus);
void i2c_stop(struct i2c_bus *bus);

#endif
