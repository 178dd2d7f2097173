import { Column, Entity, PrimaryColumn } from 'typeorm';
import { TEXT } from './column-types.js';

@Entity('settings')
export class SettingEntity {
  @PrimaryColumn(TEXT) key!: string;
  @Column(TEXT) value!: string;
}
