/*
 * The LED matrix of the BBC micro:bit: 5 x 5 LEDs, wired as 3 rows (anodes) by 9 columns
 * (cathodes), of which software lights one row at a time. Inputs 0..8 are the columns, 9..11 the
 * rows.
 *
 * The picture is what an eye would see: each LED's share of time in which it was lit, over periods
 * of 36 ms. With `-d leds` each picture that differs from the last one is logged, as rows of digits
 * 0 to 9 (9: lit for a third of the time, all that multiplexing allows).
 */
#ifndef ARMEMU_DEVICES_DISPLAY_MICROBIT_LEDS_H
#define ARMEMU_DEVICES_DISPLAY_MICROBIT_LEDS_H

#include "devices/core/device.h"

enum { MICROBIT_LED_COLUMNS = 9, MICROBIT_LED_ROWS = 3, MICROBIT_LED_SIDE = 5 };

extern const struct device_class microbit_leds_class;

/** The brightness of the LEDs, 0 to 9, as they are seen now; [y][x], y = 0 at the top. */
void microbit_leds_picture(struct device *dev,
                           uint8_t picture[MICROBIT_LED_SIDE][MICROBIT_LED_SIDE]);

#endif
