#include "devices/i2c/i2c.h"

bool i2c_attach(struct i2c_bus *bus, unsigned address, struct device *slave, struct error *e)
{
    if (!slave->ops->i2c)
        return error_set(e, "%s is no I2C slave", slave->name);
    if (address >= I2C_ADDRESSES || bus->slave[address])
        return error_set(e, "%s: I2C address 0x%02x is %s", slave->name, address,
                         address < I2C_ADDRESSES ? "taken" : "too large");
    bus->slave[address] = slave;
    return true;
}

static struct device *current(const struct i2c_bus *bus)
{
    return bus->current < I2C_ADDRESSES ? bus->slave[bus->current] : NULL;
}

bool i2c_start(struct i2c_bus *bus, unsigned address, bool read)
{
    struct device *slave = address < I2C_ADDRESSES ? bus->slave[address] : NULL;
    if (bus->current != address)
        i2c_stop(bus);
    if (!slave || !slave->ops->i2c->start(slave, read))
        return false;
    bus->current = address;
    return true;
}

bool i2c_write(struct i2c_bus *bus, uint8_t byte)
{
    struct device *slave = current(bus);
    return slave && slave->ops->i2c->write(slave, byte);
}

uint8_t i2c_read(struct i2c_bus *bus)
{
    struct device *slave = current(bus);
    return slave ? slave->ops->i2c->read(slave) : 0xff;
}

void i2c_stop(struct i2c_bus *bus)
{
    struct device *slave = current(bus);
    bus->current = I2C_NOBODY;
    if (slave && slave->ops->i2c->stop)
        slave->ops->i2c->stop(slave);
}
